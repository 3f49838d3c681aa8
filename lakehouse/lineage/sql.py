"""From which columns of which tables the columns and the rows of one query come."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, traverse_scope

from lakehouse.errors import TableError

__all__ = ["ColumnRef", "QueryLineage", "query_lineage"]

_DIALECT = "spark"
# Parts of a select that decide which rows come out, or what makes a row.
_ROW_CLAUSES = ("where", "group", "having", "qualify")
# Functions that make several rows of one.
_ASKS_FOR_ROWS = (exp.Exists, exp.In)
_GENERATORS = (exp.Explode, exp.ExplodeOuter, exp.Posexplode, exp.PosexplodeOuter, exp.Inline)


class ColumnRef(NamedTuple):
    """A column of a table that a query reads, in lower case.

    Attributes:
        table: as the query names it: ``schema.table``.
        column: its name.
    """

    table: str
    column: str


Refs = frozenset[ColumnRef]
_NONE: Refs = frozenset()


@dataclass(frozen=True)
class QueryLineage:
    """Where the result of a query comes from.

    Attributes:
        columns: each column of the result, in order -> the columns whose values its values are
            made from. A constant and ``count(*)`` are made from none.
        rows: columns that decide which rows there are: in joins, filters, groups, ``distinct``
            and set operations, and in functions such as ``explode``.
        fields: of columns that hold a struct, each of its fields -> as for columns.
        positions: as for columns, by position: two columns of a subquery may share a name.
    """

    columns: dict[str, Refs]
    rows: Refs
    fields: dict[str, dict[str, Refs]] = field(default_factory=dict)
    positions: tuple[Refs, ...] = ()


def query_lineage(sql: str, schema: Mapping[str, Iterable[str]]) -> QueryLineage:
    """Trace the columns of a query through its CTEs, subqueries, set operations and laterals.

    Args:
        sql: one select, in Spark's SQL.
        schema: ``schema.table`` -> names of its columns, for each table that the query reads.

    Raises:
        TableError: the SQL cannot be read, or names what the schema does not know.
    """
    tables: dict[str, dict[str, dict[str, str]]] = {}
    for name, columns in schema.items():
        database, _, table = name.lower().partition(".")
        # The types play no part; sqlglot wants one for each column.
        known = dict.fromkeys((column.lower() for column in columns), "string")
        tables.setdefault(database, {})[table] = known
    try:
        query = qualify(
            _name_fields(parse_one(sql, dialect=_DIALECT)),
            schema=tables,
            dialect=_DIALECT,
            quote_identifiers=False,
            identify=False,
        )
        scopes = traverse_scope(query)
    except SqlglotError as error:
        raise _unreadable(" ".join(str(error).split())) from None
    if query.find(exp.Pivot):
        raise _unreadable("PIVOT and UNPIVOT are not followed")
    if any(each.args.get("recursive") for each in query.find_all(exp.With)):
        raise _unreadable("recursive queries are not followed")
    done: dict[int, QueryLineage] = {}
    for scope in scopes:
        done[id(scope)] = _Tracer(scope, done).trace()
    return done[id(scopes[-1])]


def _unreadable(reason: str) -> TableError:
    return TableError(
        f"The lineage of a query cannot be read: {reason}. Look at its compiled SQL, and write "
        "that part otherwise if its lineage matters"
    )


def _name_fields(query: exp.Expression) -> exp.Expression:
    """Write ``newest.*``, where ``newest`` is a struct made in the query, as its single fields."""
    for star in list(query.find_all(exp.Column)):
        select = star.find_ancestor(exp.Select)
        if not (star.is_star and star.table and select) or star.table in _read_names(select):
            continue
        structs = [
            struct
            for alias in query.find_all(exp.Alias)
            if alias.alias == star.table
            for struct in alias.find_all(exp.Struct)
        ]
        if structs:
            fields = [
                exp.alias_(exp.column(part.alias_or_name, table=star.table), part.alias_or_name)
                for part in structs[0].expressions
            ]
            others = [other for other in select.expressions if other is not star]
            place = next(i for i, other in enumerate(select.expressions) if other is star)
            select.set("expressions", [*others[:place], *fields, *others[place:]])
    return query


def _read_names(select: exp.Select) -> set[str]:
    """Names under which a select knows what it reads from."""
    parts = [select.args.get("from_"), *(select.args.get("joins") or ())]
    parts += select.args.get("laterals") or ()
    return {part.alias_or_name for part in parts if part}


class _Tracer:
    """Traces one scope; those that it reads from were traced before it."""

    def __init__(self, scope: Scope, done: Mapping[int, QueryLineage]) -> None:
        self._scope = scope
        self._done = done
        self._subqueries = {id(inner.expression): inner for inner in scope.subquery_scopes}

    def trace(self) -> QueryLineage:
        expression = self._scope.expression
        if isinstance(expression, exp.SetOperation):
            return self._trace_set_operation(expression)
        if isinstance(expression, exp.Select):
            return self._trace_select(expression)
        # A lateral or a list of values: its columns are known by whoever reads from it.
        return QueryLineage({}, self._rows_of_subqueries())

    def _trace_set_operation(self, operation: exp.SetOperation) -> QueryLineage:
        left, right = (self._done[id(inner)] for inner in self._scope.set_operation_scopes)
        if operation.args.get("by_name"):
            columns = {
                name: left.columns.get(name, _NONE) | right.columns.get(name, _NONE)
                for name in left.columns | right.columns
            }
        else:
            both = [
                mine | other for mine, other in zip(left.positions, right.positions, strict=True)
            ]
            columns = dict(zip(left.columns, both, strict=False))
            if len(left.columns) < len(both):
                raise _unreadable("two columns of a set operation have the same name")
        rows = left.rows | right.rows
        if not isinstance(operation, exp.Union) or operation.args.get("distinct"):
            rows |= frozenset().union(*columns.values())
        return QueryLineage(columns, rows, positions=tuple(columns.values()))

    def _trace_select(self, select: exp.Select) -> QueryLineage:
        columns, fields, positions = {}, {}, []
        for projection in select.selects:
            if projection.is_star:
                read = ", ".join(part.sql(_DIALECT) for part in self._scope.tables)
                raise _unreadable(
                    f"{projection.sql(_DIALECT)!r} of {read or 'a subquery'} stands for columns "
                    "that are not known"
                )
            # A generator that makes several columns has a name for each.
            several = projection.aliases if isinstance(projection, exp.Aliases) else ()
            for name in [alias.name for alias in several] or [projection.alias_or_name]:
                columns[name] = self._uses(projection)
                fields[name] = self._fields(projection)
                positions.append(columns[name])
        rows = frozenset().union(*(self._uses(part) for part in self._row_parts(select)))
        for inner in (*self._scope.sources.values(), *self._scope.subquery_scopes):
            if isinstance(inner, Scope):
                rows |= self._done[id(inner)].rows
        if select.args.get("distinct"):
            rows |= frozenset().union(*columns.values())
        return QueryLineage(columns, rows, fields, tuple(positions))

    def _rows_of_subqueries(self) -> Refs:
        inner = self._scope.subquery_scopes
        return frozenset().union(*(self._done[id(scope)].rows for scope in inner))

    def _fields(self, projection: exp.Expression) -> dict[str, Refs]:
        """Fields of the structs that a projection makes, or hands on."""
        value = projection.unalias()
        if isinstance(value, exp.Column):
            source = self._scope.sources.get(value.table)
            known = self._done[id(source)].fields if isinstance(source, Scope) else {}
            return known.get(value.name, {})
        found: dict[str, Refs] = {}
        for struct in value.find_all(exp.Struct):
            # What chooses among structs, such as the second argument of max_by, is in each field.
            beside = self._uses(value, without=struct)
            for part in struct.expressions:
                found.setdefault(part.alias_or_name, self._uses(part) | beside)
        return found

    def _row_parts(self, select: exp.Select) -> Iterator[exp.Expression]:
        yield from (select.args[name] for name in _ROW_CLAUSES if select.args.get(name))
        for join in select.args.get("joins") or ():
            if join.args.get("on"):
                yield join.args["on"]
        yield from select.args.get("laterals") or ()
        for projection in select.selects:
            yield from projection.find_all(*_GENERATORS)
        if select.args.get("group") and select.args["group"].args.get("all"):
            yield from (part for part in select.selects if not part.find(exp.AggFunc))
        if select.args.get("limit"):
            yield from (select.args[name] for name in ("order", "sort") if select.args.get(name))

    def _uses(self, expression: exp.Expression, without: exp.Expression | None = None) -> Refs:
        """Columns that an expression reads, also those that its subqueries answer with."""

        def is_leaf(node: exp.Expression) -> bool:
            return node is without or isinstance(node, exp.Dot) or id(node) in self._subqueries

        found: Refs = _NONE
        for node in expression.walk(prune=is_leaf):
            if node is without:
                continue
            if isinstance(node, exp.Dot):
                found |= self._uses_of_field(node)
            elif id(node) in self._subqueries:
                inner = self._done[id(self._subqueries[id(node)])]
                found |= frozenset().union(*inner.positions)
                if isinstance(node.find_ancestor(exp.Select, exp.Exists, exp.In), _ASKS_FOR_ROWS):
                    found |= inner.rows
            elif isinstance(node, exp.Window) and node.alias:
                for window in self._scope.expression.args.get("windows") or ():
                    if window.name == node.alias:
                        found |= self._uses(window)
            elif isinstance(node, exp.Column):
                found |= self._resolve(node, self._scope)
        return found

    def _uses_of_field(self, dot: exp.Dot) -> Refs:
        column = dot.this
        if isinstance(column, exp.Column):
            known = self._fields(column)
            if dot.name in known:
                return known[dot.name]
        return self._uses(column)

    def _resolve(self, column: exp.Column, scope: Scope | None) -> Refs:
        while scope is not None:
            source = scope.sources.get(column.table)
            if isinstance(source, exp.Table) and not source.name:
                return _NONE  # A function that makes rows, such as range().
            if isinstance(source, exp.Table):
                table = f"{source.db}.{source.name}" if source.db else source.name
                return frozenset({ColumnRef(table.lower(), column.name.lower())})
            if isinstance(source, Scope):
                if source.is_udtf and source.subquery_scopes:
                    source = source.subquery_scopes[0]
                elif source.is_udtf:
                    return self._uses(source.expression)
                return self._done[id(source)].columns.get(column.name, _NONE)
            # A correlated subquery reads from the query around it.
            scope = scope.parent
        return _NONE
