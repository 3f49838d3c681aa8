"""The pages, in the order of the menu."""

from dashboard.page import Page
from dashboard.pages import (
    business,
    customers,
    hypotheses,
    live,
    models,
    overview,
    products,
    quality,
    start,
)

__all__ = ["PAGES"]

PAGES: dict[str, Page] = {
    page.path: page
    for page in (
        start.PAGE,
        overview.PAGE,
        live.PAGE,
        customers.PAGE,
        products.PAGE,
        hypotheses.PAGE,
        models.PAGE,
        business.PAGE,
        quality.PAGE,
    )
}
