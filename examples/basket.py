"""A shopping basket with a bug, which the reviewers of `scripts/demo` should find."""

from __future__ import annotations


class Basket:
    def __init__(self) -> None:
        self.prices: list[float] = []

    def add(self, price: float) -> None:
        self.prices.append(price)

    def average(self) -> float:
        return sum(self.prices) / len(self.prices)


basket = Basket()
basket.add(3.0)
basket.add(5.0)
print(f"average price: {basket.average()}")
