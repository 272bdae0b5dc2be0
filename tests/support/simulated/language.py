"""The part of SQL that the product speaks: SQLAlchemy statements taken apart, and their expressions evaluated.

`select`, `insert`, `update` and `delete` of this module take the place of SQLAlchemy's in a run, as these are built
anew for every call and cost ten times what it costs to interpret them. `taken_apart` reads SQLAlchemy's own as well:
a test runs both and finds the same run.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, Self

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import insert as real_insert
from sqlalchemy.dialects.postgresql.dml import OnConflictDoNothing, OnConflictDoUpdate
from sqlalchemy.sql import elements, functions, operators
from sqlalchemy.sql.dml import Delete, Insert, Update
from sqlalchemy.sql.schema import Column
from sqlalchemy.sql.selectable import Select

Row = dict[str, Any]


class Lock(IntEnum):
    """How a row is held, from the weakest to the strongest."""

    KEY_SHARE = 0
    SHARE = 1
    NO_KEY_UPDATE = 2
    UPDATE = 3

    def bears(self, other: Lock) -> bool:
        """Return whether two transactions may hold a row so."""
        return self + other < Lock.UPDATE


def lock_of(*, read: bool, key_share: bool) -> Lock:
    """Return the lock that a query asks for."""
    if read:
        return Lock.KEY_SHARE if key_share else Lock.SHARE
    return Lock.NO_KEY_UPDATE if key_share else Lock.UPDATE


class Unknown(NotImplementedError):
    """The simulated database does not know this: teach it, or do without."""


@dataclass(eq=False)
class Statement:
    """A statement, built by the calls that the product makes or read from one of SQLAlchemy's."""

    kind: str
    table: str | None
    source: Any = None
    columns: tuple[Any, ...] = ()
    where_: list[Any] = field(default_factory=list)
    set_: dict[str, Any] = field(default_factory=dict)
    many: list[Row] | None = None
    conflict: str = ""
    conflict_on: tuple[str, ...] = ()
    conflict_set: dict[str, Any] = field(default_factory=dict)
    conflict_where: Any = None
    lock: Lock | None = None
    skip_locked: bool = False
    order: tuple[Any, ...] = ()
    most: int | None = None
    wants_rows: bool = False

    def where(self, *clauses: Any) -> Self:
        self.where_.extend(clauses)
        return self

    def values(self, *rows: Any, **values: Any) -> Self:
        if rows:
            raise Unknown("values of several rows")
        self.set_.update(values)
        return self

    def with_for_update(self, *, skip_locked: bool = False, read: bool = False, key_share: bool = False) -> Self:
        self.lock, self.skip_locked = lock_of(read=read, key_share=key_share), skip_locked
        return self

    def order_by(self, *order: Any) -> Self:
        self.order = order
        return self

    def limit(self, most: int) -> Self:
        self.most = most
        return self

    def returning(self, *_columns: Any) -> Self:
        self.wants_rows = True
        return self

    def on_conflict_do_nothing(self, index_elements: Sequence[Any] = ()) -> Self:
        self.conflict, self.conflict_on = "nothing", _names(index_elements)
        return self

    def on_conflict_do_update(self, index_elements: Sequence[Any], set_: Mapping[str, Any], where: Any = None) -> Self:
        self.conflict, self.conflict_on = "update", _names(index_elements)
        self.conflict_set, self.conflict_where = dict(set_), where
        return self

    @property
    def excluded(self) -> Any:
        return real_insert(getattr(self.source, "real", self.source)).excluded


class Condition:
    """A column compared with a value."""

    __slots__ = ("does", "name", "value")

    def __init__(self, does: Callable[[Any, Any], Any], name: str, value: Any) -> None:
        self.does, self.name, self.value = does, name, value

    def holds(self, row: Row) -> Any:
        """Return whether a row fulfils it; a comparison with nothing does not hold."""
        left = row[self.name]
        if (left is None or self.value is None) and self.does not in _SAME:
            return None
        return self.does(left, self.value)


class All:
    """Several conditions that must all hold."""

    __slots__ = ("conditions",)

    def __init__(self, *conditions: Condition) -> None:
        self.conditions = conditions


class LightColumn:
    """A column that is compared at little cost."""

    __slots__ = ("name", "table")
    __hash__ = object.__hash__

    def __init__(self, table: LightTable, name: str) -> None:
        self.table, self.name = table, name

    def __eq__(self, other: object) -> Any:
        return Condition(operator.eq, self.name, other)

    def __ne__(self, other: object) -> Any:
        return Condition(operator.ne, self.name, other)

    def in_(self, values: Sequence[Any]) -> Condition:
        return Condition(_within, self.name, values)

    def desc(self) -> Descending:
        return Descending(self)

    def is_(self, value: Any) -> Condition:
        return Condition(operator.is_, self.name, value)

    def is_not(self, value: Any) -> Condition:
        return Condition(operator.is_not, self.name, value)


@dataclass(frozen=True)
class Descending:
    """An order from the last to the first."""

    element: LightColumn
    modifier: Any = operators.desc_op


class LightTable:
    """A table of light columns; whatever else is asked of it, the real one answers."""

    def __init__(self, real: Table) -> None:
        self.name, self.real = real.name, real
        self.c = SimpleNamespace(**{column.name: LightColumn(self, column.name) for column in real.columns})

    def update(self) -> Statement:
        return update(self)

    def delete(self) -> Statement:
        return delete(self)


class LightFunction:
    """A call of a function of the database."""

    __slots__ = ("clauses", "name")

    def __init__(self, name: str, clauses: tuple[Any, ...]) -> None:
        self.name, self.clauses = name, clauses


class _Functions:
    """Makes calls: `func.now()`."""

    def __getattr__(self, name: str) -> Callable[..., LightFunction]:
        return lambda *clauses: LightFunction(name, clauses)


func = _Functions()


def _within(left: Any, right: Any) -> bool:
    return left in right


_SAME = (operator.is_, operator.is_not)


def select(*columns: Any) -> Statement:
    first = columns[0]
    table = first if isinstance(first, (Table, LightTable)) else getattr(first, "table", None)
    return Statement("select", table.name if table is not None else None, table, columns, wants_rows=True)


def insert(table: Table | LightTable) -> Statement:
    return Statement("insert", table.name, table)


def update(table: Table | LightTable) -> Statement:
    return Statement("update", table.name, table)


def delete(table: Table | LightTable) -> Statement:
    return Statement("delete", table.name, table)


def taken_apart(statement: Any) -> Statement:
    """Read a statement of SQLAlchemy's."""
    if isinstance(statement, Statement):
        return statement
    if isinstance(statement, Select):
        return _of_select(statement)
    if isinstance(statement, Insert):
        return _of_insert(statement)
    if isinstance(statement, (Update, Delete)):
        kind = "update" if isinstance(statement, Update) else "delete"
        values = _named(getattr(statement, "_values", None))
        return Statement(
            kind,
            statement.table.name,
            where_=list(statement._where_criteria),
            set_=values,
            wants_rows=bool(statement._returning),
        )
    raise Unknown(f"{type(statement).__name__}: {statement}")


@lru_cache(maxsize=64)
def _of_select(statement: Select[Any]) -> Statement:
    columns = tuple(statement._raw_columns)
    froms = statement.get_final_froms()
    if len(froms) > 1 or (froms and not isinstance(froms[0], Table)):
        raise Unknown(f"a join: {statement}")
    lock = statement._for_update_arg
    return Statement(
        "select",
        froms[0].name if froms else None,
        columns=columns,
        where_=list(statement._where_criteria),
        lock=None if lock is None else lock_of(read=bool(lock.read), key_share=bool(lock.key_share)),
        skip_locked=bool(lock is not None and lock.skip_locked),
        order=tuple(statement._order_by_clauses),
        most=None if statement._limit_clause is None else evaluate(statement._limit_clause, {}, None),
        wants_rows=True,
    )


def _of_insert(statement: Insert) -> Statement:
    read = Statement("insert", statement.table.name, wants_rows=bool(statement._returning))
    read.set_ = _named(statement._values)
    clause = getattr(statement, "_post_values_clause", None)
    if isinstance(clause, OnConflictDoUpdate):
        values = _named(dict(clause.update_values_to_set))
        read.conflict, read.conflict_set, read.conflict_where = "update", values, clause.update_whereclause
        read.conflict_on = _names(clause.inferred_target_elements or ())
    elif isinstance(clause, OnConflictDoNothing):
        read.conflict, read.conflict_on = "nothing", _names(clause.inferred_target_elements or ())
    return read


def _named(values: Mapping[Any, Any] | None) -> dict[str, Any]:
    return {_names([column])[0]: value for column, value in (values or {}).items()}


def _names(columns: Sequence[Any]) -> tuple[str, ...]:
    return tuple(column if isinstance(column, str) else column.name for column in columns)


_OPERATORS: dict[Any, Callable[[Any, Any], Any]] = {
    operators.eq: operator.eq,
    operators.ne: operator.ne,
    operators.lt: operator.lt,
    operators.le: operator.le,
    operators.gt: operator.gt,
    operators.ge: operator.ge,
    operators.add: operator.add,
    operators.sub: operator.sub,
    operators.is_: lambda left, right: left is right,
    operators.is_not: lambda left, right: left is not right,
    operators.in_op: lambda left, right: left in right,
    operators.not_in_op: lambda left, right: left not in right,
}
_NULLS = {operators.is_, operators.is_not}


def evaluate(expression: Any, row: Row, now: datetime | None, new: Row | None = None) -> Any:
    """Return the value of an expression over a row; `new` is the row that a conflict kept out."""
    match expression:
        case str() | int() | None:
            return expression
        case Condition():
            return expression.holds(row)
        case LightFunction() if expression.name == "now":
            return now
        case elements.BindParameter():
            return expression.effective_value
        case Column():
            source = new if new is not None and getattr(expression.table, "name", "") == "excluded" else row
            return source[expression.name]
        case elements.BinaryExpression():
            left = evaluate(expression.left, row, now, new)
            right = evaluate(expression.right, row, now, new)
            if (left is None or right is None) and expression.operator not in _NULLS:
                return None
            return _operator(expression.operator)(left, right)
        case elements.BooleanClauseList():
            values = [evaluate(clause, row, now, new) for clause in expression.clauses]
            return all(values) if expression.operator is operators.and_ else any(values)
        case elements.Null():
            return None
        case elements.True_():
            return True
        case elements.False_():
            return False
        case elements.Grouping():
            return evaluate(expression.element, row, now, new)
        case functions.Function() | functions.now() if expression.name == "now":
            return now
        case elements.ClauseElement() | LightFunction():
            raise Unknown(f"{type(expression).__name__}: {expression}")
        case _:
            return expression


def _operator(of: Any) -> Callable[[Any, Any], Any]:
    try:
        return _OPERATORS[of]
    except KeyError as error:
        raise Unknown(f"the operator {of}") from error


def bound(clauses: Sequence[Any]) -> tuple[dict[str, Any], list[Any]]:
    """Split conditions into `column = value` and the others."""
    equal: dict[str, Any] = {}
    others = []
    for clause in clauses:
        if type(clause) is All:
            more, rest = bound(clause.conditions)
            equal |= more
            others += rest
        elif type(clause) is Condition:
            if clause.does is operator.eq and clause.value is not None:
                equal[clause.name] = clause.value
            else:
                others.append(clause)
        elif (
            isinstance(clause, elements.BinaryExpression)
            and clause.operator is operators.eq
            and isinstance(clause.left, Column)
            and isinstance(clause.right, elements.BindParameter)
        ):
            equal[clause.left.name] = clause.right.effective_value
        else:
            others.append(clause)
    return equal, others
