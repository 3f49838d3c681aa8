"""Recommendations on the command line: ``python -m ml.recommend --user 1000001 -k 10``."""

from typing import Annotated

import polars as pl
import typer
from rich.console import Console
from rich.table import Table

from lakehouse.console import run_app
from lakehouse.errors import ModelError
from lakehouse.settings import settings
from ml.recommendations.lists import audience_of, list_of, newcomer_list

__all__ = ["app"]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
console = Console()

# The highest number that the tables' 32-bit user_id holds.
_MOST_USER = 2**31 - 1


@app.command(no_args_is_help=True)
def recommend(
    user: Annotated[
        int | None, typer.Option(min=0, max=_MOST_USER, help="Customer to find products for")
    ] = None,
    product: Annotated[str | None, typer.Option(help="Product to find customers for")] = None,
    count: Annotated[int, typer.Option("-k", "--count", min=1, help="Length of the list")] = 10,
    gender: Annotated[str | None, typer.Option(help="Of a new customer: F or M")] = None,
    age: Annotated[str | None, typer.Option(help="Of a new customer, such as 26-35")] = None,
    city: Annotated[str | None, typer.Option(help="Of a new customer: A, B or C")] = None,
) -> None:
    """Products for a customer, or customers for a product.

    Examples: python -m ml.recommend --user 1000001 -k 10;
    python -m ml.recommend --user 1 --gender F --age 26-35 --city B
    """
    if (user is None) == (product is None):
        raise typer.BadParameter("give either --user or --product")
    if product is not None:
        audience = audience_of(product, settings())
        if audience.is_empty():
            raise ModelError(
                f"Product {product} has no audience: it was unknown when the lists were made. "
                "Score anew with `python -m ml.score recommendations`, or check the id"
            )
        _show(f"Customers for product {product}", audience, count)
        return
    found = list_of(user, settings())
    if not found.is_empty():
        _show(f"Products for customer {user}", found, count)
        return
    newcomer = newcomer_list(user, gender, age, city, settings())
    group = f"{gender}, {age}, city {city}"
    whom = group if newcomer.is_of_group else "all customers"
    _show(f"Popular with {whom}", newcomer.products, count)
    if None in (gender, age, city):
        raise ModelError(
            f"Customer {user} is not known; above is what is popular with all customers. Check "
            "the id, or describe a new customer with --gender, --age and --city"
        )
    if not newcomer.is_of_group:
        console.print(f"No customers are known of {group}; check --gender, --age and --city.")


def _show(title: str, rows: pl.DataFrame, count: int) -> None:
    shown = rows.head(count)
    console.print(title, soft_wrap=True)
    table = Table()
    columns = [name for name in ("rank", "product_id", "user_id", "score") if name in rows.columns]
    for name in columns:
        table.add_column(name, justify="right")
    for row in shown.select(columns).iter_rows():
        table.add_row(*(f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in row))
    console.print(table)
    if len(shown) < count:
        console.print(f"The list ends after {len(shown)}; {count} were asked for.")
    if "model_version" in rows.columns:
        first = rows.row(0, named=True)
        console.print(
            f"Made by version {first['model_version']} on {first['scored_at']:%Y-%m-%d %H:%M} UTC, "
            f"from {first['data_kind']} data."
        )


if __name__ == "__main__":
    run_app(app)
