"""The kinds of values that options take, refused in our own sentences: what was written, and what to write."""

from __future__ import annotations

from typing import Any

import click

from chalicelib.decide.words import listed


class OneOf(click.Choice[str]):
    """One of a few words."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f'"{value}": write {listed(tuple(self.choices), "or", most=20)}', param, ctx)


class Whole(click.IntRange):
    """A whole number between two others, both allowed."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f'"{value}": write a whole number from {self.min} to {self.max}', param, ctx)


class Number(click.FloatRange):
    """A number between two others, both allowed."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f'"{value}": write a number from {self.min:g} to {self.max:g}', param, ctx)
