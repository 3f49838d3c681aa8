"""Inputs; each stands for one parameter of the address."""

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from dashboard import ids
from dashboard.query import FILTERS, Query

__all__ = ["filter_bar", "slider", "text_input"]

_LABELS = {
    "city": "City category",
    "age": "Age",
    "gender": "Gender",
    "category": "Product category",
}


def filter_bar(names: tuple[str, ...], query: Query) -> Component:
    """The filters of a page, set as the address says."""
    inputs = [
        dmc.MultiSelect(
            id=ids.control(name),
            label=_LABELS[name],
            data=list(FILTERS[name][1]),
            value=list(query.of(name)),
            placeholder="" if query.of(name) else "all",
            clearable=True,
            searchable=len(FILTERS[name][1]) > 8,
            size="xs",
        )
        for name in names
    ]
    return html.Div(inputs, className="filters", role="search", **{"aria-label": "Filters"})


def text_input(name: str, label: str, value: str, *, placeholder: str = "") -> Component:
    """A field for words; it takes effect when left or on Enter."""
    return dmc.TextInput(
        id=ids.control(name),
        label=label,
        value=value,
        placeholder=placeholder,
        debounce=True,
        size="sm",
    )


def slider(
    name: str,
    label: str,
    value: float,
    *,
    default: float,
    low: float,
    high: float,
    step: float,
    unit: str,
) -> Component:
    """A slider with its label; it takes effect when let go."""
    return html.Div(
        [
            dmc.Text(f"{label}: {value:g} {unit}", size="xs", fw=500),
            dmc.Slider(
                id=ids.control(name, f"{default:g}"),
                value=value,
                min=low,
                max=high,
                step=step,
                updatemode="mouseup",
                thumbLabel=label,
                size="sm",
            ),
        ]
    )
