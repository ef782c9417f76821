"""Writes arithmetic.csv: 120 word problems of one to three steps, ten of each kind, with whole-number answers.

    python data/arithmetic/make.py

The same file each time: the numbers come from a fixed seed. Wording and numbers are ours.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from pathlib import Path

NAMES = ("Ada", "Bo", "Chen", "Dina", "Elif", "Femi", "Goran", "Hana", "Ines", "Jun")
THINGS = ("pencils", "stamps", "marbles", "tickets", "stickers", "buttons", "shells", "cards")
Made = tuple[str, int]


def take_and_give(pick: random.Random) -> Made:
    first, second = pick.sample(NAMES, 2)
    thing, had, got, gave = (
        pick.choice(THINGS),
        pick.randint(12, 60),
        pick.randint(5, 40),
        pick.randint(3, 11),
    )
    text = f"{first} has {had} {thing} and finds {got} more. Then {first} gives {gave} of them to {second}."
    return f"{text} How many {thing} does {first} have now?", had + got - gave


def change(pick: random.Random) -> Made:
    name, count, price = pick.choice(NAMES), pick.randint(2, 9), pick.randint(3, 12)
    paid = (count * price // 20 + 1) * 20
    text = f"A notebook costs {price} dollars. {name} buys {count} of them and pays with {paid} dollars."
    return f"{text} How many dollars does {name} get back?", paid - count * price


def sharing(pick: random.Random) -> Made:
    people, each, left = pick.randint(3, 9), pick.randint(4, 15), 2
    thing = pick.choice(THINGS)
    text = f"{people * each + left} {thing} are shared equally among {people} children, and {left} are left over."
    return f"{text} How many {thing} does each child get?", each


def journey(pick: random.Random) -> Made:
    speed, hours, more = pick.randint(4, 12) * 10, pick.randint(2, 6), pick.randint(11, 49)
    text = f"A train travels {hours} hours at {speed} kilometres an hour and then another {more} kilometres."
    return f"{text} How many kilometres is that in all?", speed * hours + more


def ages(pick: random.Random) -> Made:
    old, young = pick.sample(NAMES, 2)
    age, times, years = pick.randint(4, 12), pick.randint(2, 4), pick.randint(3, 15)
    text = f"{young} is {age} years old. {old} is {times} times as old as {young}."
    return f"{text} How old will {old} be in {years} years?", age * times + years


def discount(pick: random.Random) -> Made:
    percent, price = pick.choice((10, 20, 25, 50)), pick.randint(2, 20) * 20
    text = f"A coat costs {price} dollars. In a sale its price falls by {percent} percent."
    return f"{text} How many dollars does the coat cost in the sale?", price - price * percent // 100


def garden(pick: random.Random) -> Made:
    long, wide, gate = pick.randint(9, 30), pick.randint(4, 8), pick.randint(1, 3)
    text = (
        f"A rectangular garden is {long} metres long and {wide} metres wide. It gets a fence all around it,"
    )
    return f"{text} but for a gate of {gate} metres. How many metres of fence are needed?", 2 * (
        long + wide
    ) - gate


def minutes(pick: random.Random) -> Made:
    name, hours, extra, breaks = (
        pick.choice(NAMES),
        pick.randint(1, 4),
        pick.randint(5, 55),
        pick.randint(10, 20),
    )
    text = f"{name} is away for {hours} hours and {extra} minutes, {breaks} minutes of it in a break."
    return f"{text} How many minutes is {name} away without the break?", hours * 60 + extra - breaks


def average(pick: random.Random) -> Made:
    mean, off, far = pick.randint(20, 60), pick.randint(1, 9), pick.randint(1, 9)
    a, b, c = mean - off, mean + off + far, mean - far
    text = f"On three days a shop sells {a}, {b} and {c} loaves of bread."
    return f"{text} How many loaves does it sell a day on average?", mean


def boxes(pick: random.Random) -> Made:
    full, size, loose = pick.randint(3, 12), pick.randint(6, 24), pick.randint(1, 5)
    thing = pick.choice(THINGS)
    text = f"There are {full} full boxes with {size} {thing} each, and one box that has only {loose}."
    return f"{text} How many {thing} are there?", full * size + loose


def half_and_third(pick: random.Random) -> Made:
    name, part, thing = pick.choice(NAMES), pick.randint(3, 15), pick.choice(THINGS)
    text = f"{name} has {part * 6} {thing}. Half of them are red and a third of them are blue; the rest are green."
    return f"{text} How many {thing} are green?", part


def savings(pick: random.Random) -> Made:
    name, week, has = pick.choice(NAMES), pick.randint(4, 15), pick.randint(5, 40)
    weeks = pick.randint(4, 12)
    text = f"{name} has {has} dollars and saves {week} dollars every week for a bicycle of {has + week * weeks} dollars."
    return f"{text} After how many weeks can {name} buy it?", weeks


KINDS: tuple[Callable[[random.Random], Made], ...] = (
    take_and_give,
    change,
    sharing,
    journey,
    ages,
    discount,
    garden,
    minutes,
    average,
    boxes,
    half_and_third,
    savings,
)


def rows() -> list[tuple[str, str, str, int]]:
    """(id, kind, question, answer), ten of each kind, no question twice."""
    pick, made = random.Random(20261126), dict[str, tuple[str, str, str, int]]()
    for kind in KINDS:
        count = 0
        while count < 10:
            question, answer = kind(pick)
            if question not in made:
                count += 1
                name = kind.__name__.replace("_", "-")
                made[question] = (f"{name}-{count:02}", name, question, answer)
    return list(made.values())


if __name__ == "__main__":
    with Path(__file__).with_name("arithmetic.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("id", "kind", "question", "answer"))
        writer.writerows(rows())
