"""What people call tasks, models and metrics."""

__all__ = ["metric_name", "model_name", "task_name"]

_TASKS = {
    "purchase": "Purchase value",
    "segments": "Segments",
    "recommendations": "Recommendations",
    "high-value": "High-value customers",
    "hypotheses": "Hypotheses",
}

_MODELS = {
    "stack": "Biases, factors and trees",
    "base": "Biases and factors",
    "mllib_linear": "Spark, linear",
    "mllib_forest": "Spark, random forest",
    "category_mean": "Mean of the category",
    "product_mean": "Mean of the product",
    "sklearn_ridge": "scikit-learn, ridge",
    "sklearn_boosting": "scikit-learn, boosting",
    "public_recipe": "Recipe of public notebooks",
    "popularity": "Best sellers",
    "group_popularity": "Best sellers of the group",
    "explicit_als": "ALS on price fifths",
    "ease": "EASE",
    "blend": "Blend",
    "city_only": "City alone",
    "demographics_only": "Demographics alone",
    "purchases_only": "First purchases alone",
    "without_products": "Without the products",
    "sklearn_logistic": "scikit-learn, logistic",
    "xgboost": "XGBoost",
    "mllib_logistic": "Spark, logistic",
    "mllib_gbt": "Spark, boosted trees",
}

# The longest first: how the names of metrics end, and what that is.
_KINDS = {
    "validation_rmse": "error on validation rows (RMSE)",
    "validation_mse": "squared error on validation rows",
    "validation_mae": "absolute error on validation rows",
    "validation_r2": "R2 on validation rows",
    "test_rmse": "error on test rows (RMSE)",
    "test_mse": "squared error on test rows",
    "test_mae": "absolute error on test rows",
    "test_r2": "R2 on test rows",
    "precision_at_10": "precision of ten",
    "recall_at_10": "recall of ten",
    "ndcg_at_10": "NDCG of ten",
    "map_at_10": "MAP of ten",
    "coverage_at_10": "coverage of ten",
    "novelty_bits": "novelty in bits",
    "roc_auc": "ROC AUC",
}

_METRICS = {
    "noise_floor_rmse": "Error that chance leaves (RMSE)",
    "noise_ceiling_r2": "R2 that chance allows",
    "gain_over_public_recipe": "Gain over the recipe of public notebooks",
    "interval_coverage_80": "Purchases within their 80 % interval",
    "interval_coverage_80_least": "The same in the worst covered category",
    "interval_coverage_80_greatest": "The same in the best covered category",
    "interval_coverage_95": "Purchases within their 95 % interval",
    "interval_coverage_95_least": "The same in the worst covered category",
    "interval_coverage_95_greatest": "The same in the best covered category",
    "basket_ticket_r2": "R2 of a known customer's mean ticket, given its products",
    "basket_ticket_r2_of_own_mean": "The same, without its products",
    "basket_mape": "Error of a known customer's total",
    "blend_ndcg_over_popularity": "Times as good as best sellers",
    "ece": "Calibration error",
    "ece_if_calibrated": "Calibration error by chance alone",
    "pr_auc": "Area under precision and recall",
    "brier": "Brier score",
    "k": "Number of segments",
    "silhouette_euclidean": "Silhouette",
    "uniform_line_silhouette_euclidean": "Silhouette of evenly spaced points",
    "blob_silhouette_euclidean": "Silhouette of one Gaussian blob",
    "shuffled_silhouette_euclidean": "Silhouette of shuffled columns",
    "smallest_share": "Smallest segment",
    "bootstrap_ari": "Agreement under resampling (ARI)",
    "demographic_patterns_supported": "Demographic patterns supported",
}


def task_name(task: str) -> str:
    """What people call a task.

    >>> task_name("high-value")
    'High-value customers'
    """
    return _TASKS.get(task, task)


def model_name(prefix: str) -> str:
    """What people call a model whose metrics begin with this.

    >>> model_name("mllib_gbt"), model_name("implicit_als_rank_64")
    ('Spark, boosted trees', 'Implicit ALS rank 64')
    """
    return _MODELS.get(prefix, _sentence(prefix).replace("als", "ALS"))


def metric_name(metric: str) -> str:
    """What people call a metric.

    >>> metric_name("ease_ndcg_at_10"), metric_name("test_r2"), metric_name("share_contacted")
    ('EASE: NDCG of ten', 'R2 on test rows', 'Share contacted')
    """
    if metric in _METRICS:
        return _METRICS[metric]
    for kind, words in _KINDS.items():
        if metric == kind:
            return words[:1].upper() + words[1:]
        if metric.endswith(f"_{kind}"):
            return f"{model_name(metric.removesuffix(f'_{kind}'))}: {words}"
    return _sentence(metric)


def _sentence(name: str) -> str:
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]
