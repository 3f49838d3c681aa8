"""Purchase value: what a customer pays for a product (hypothesis 1)."""

from ml.purchase.model import SIGNATURE, PurchaseModel

__all__ = ["SIGNATURE", "PurchaseModel"]
