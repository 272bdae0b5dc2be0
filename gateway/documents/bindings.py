"""Bindings: a figure, the code that makes it, and the parameters that a reader may change. Typed data, never code."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from erc.gateway.identifiers import is_text


def _kept(text: str) -> str:
    if not is_text(text):
        raise ValueError("it is a text without NUL")
    return text


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise ValueError("it is a number with an end")
    return number


Text = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_kept)]
Number = Annotated[float, Field(strict=True), AfterValidator(_finite)]
Line = Annotated[int, Field(strict=True, ge=1, le=10_000_000)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z.][A-Za-z0-9._]{0,99}$")]
"""The name of a variable."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Lines(_Part):
    """A stretch of code, from 1; both lines belong to it."""

    first_line: Line
    last_line: Line

    @model_validator(mode="after")
    def _ordered(self) -> Lines:
        if self.last_line < self.first_line:
            raise ValueError("last_line comes before first_line")
        return self


class Slider(_Part):
    """A number that is slid."""

    type: Literal["slider"]
    min_value: Number = Field(alias="minValue")
    max_value: Number = Field(alias="maxValue")
    step_size: Number = Field(alias="stepSize", gt=0)
    caption: str = Field("", max_length=2000)

    @model_validator(mode="after")
    def _ordered(self) -> Slider:
        if self.max_value <= self.min_value:
            raise ValueError("maxValue must be larger than minValue")
        return self


class Radio(_Part):
    """A choice among values."""

    type: Literal["radio"]
    options: list[Text | Number] = Field(min_length=1, max_length=100)
    caption: str = Field("", max_length=2000)


class BoundParameter(_Part):
    """A parameter that a reader may change: how the code sets it, its name, its value, and the widget."""

    text: Text
    name: Name
    val: Number | Annotated[bool, Field(strict=True)] | Text
    widget: Annotated[Slider | Radio, Field(discriminator="type")] = Field(alias="uiWidget")


class SourceCode(_Part):
    """The code that makes a result."""

    file: Text
    codelines: list[Lines] = Field(min_length=1, max_length=1000)
    parameter: list[BoundParameter] = Field(min_length=1, max_length=100)


class Result(_Part):
    """A result of the paper, such as `Figure 3`."""

    type: Literal["figure", "table", "number", "text"]
    result: Text


class Binding(_Part):
    """A binding of a result of a compendium to its code."""

    id: str
    result: Result = Field(alias="computationalResult")
    sourcecode: SourceCode
    preview: bool = False
    port: int | None = Field(None, ge=1, le=65535)


class CodeRequest(_Part):
    """Whose code is asked for: the compendium, and its file."""

    id: str
    file: Text


class BindingSearch(_Part):
    """Which bindings use a piece of code; `metadata` are the compendium's, as an object or as JSON."""

    term: Text
    metadata: dict[str, Any] | str
