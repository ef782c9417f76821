"""Writes summaries.jsonl: 100 short reports with a one-sentence summary and the key facts that any summary must keep.

    python data/summaries/make.py

The same file each time: names and numbers come from a fixed seed, and everything is invented. Wording is ours. Beside the key
facts every report has sentences that a summary should leave out.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

TOWNS = (
    "Ostervik",
    "Belmora",
    "Tarnholm",
    "Vellingen",
    "Sunder",
    "Kestrel Bay",
    "Malvern Hook",
    "Port Ardo",
    "Linnmark",
    "Dunray",
)
PEOPLE = (
    "Mara Lindt",
    "Tomas Reyer",
    "Ines Okoro",
    "Pavel Brandt",
    "Yuki Sanders",
    "Lena Moreau",
    "Idris Kaya",
    "Nora Feld",
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
ASIDE = (
    "Several people stopped to take pictures.",
    "The weather was mild for the season.",
    "A street musician played for those who waited.",
    "Some remembered that something similar had been tried before they were born.",
    "Coffee was handed out in paper cups.",
    "A dog that belonged to nobody watched all of it.",
    "The local radio had talked about little else for days.",
    "Nobody could say afterwards who had had the idea first.",
    "The loudspeaker failed twice and was hit until it worked.",
    "Children had the day off school and made the most of it.",
)
Made = tuple[str, str, list[str]]


def bridge(pick: random.Random) -> Made:
    town, who, day = pick.choice(TOWNS), pick.choice(PEOPLE), pick.choice(DAYS)
    weeks, cost = pick.randint(3, 19), pick.randint(2, 90) * 10
    a, b = pick.sample(ASIDE, 2)
    text = (
        f"The old river bridge of {town} is closed from {day} on. {a} Engineers had found cracks in two of its pillars, said "
        f"{who}, who is in charge of roads. Repairing them will take {weeks} weeks and cost {cost} thousand dollars. {b} "
        f"Until then buses go round by the mill."
    )
    return (
        text,
        f"The bridge of {town} is closed from {day} for {weeks} weeks because of cracks; the repair costs {cost} thousand dollars.",
        [town, day, f"{weeks} weeks", f"{cost} thousand"],
    )


def school(pick: random.Random) -> Made:
    town, who = pick.choice(TOWNS), pick.choice(PEOPLE)
    pupils, instrument = pick.randint(40, 480), pick.choice(("violin", "drum", "flute", "guitar"))
    hours = pick.randint(2, 5)
    a, b = pick.sample(ASIDE, 2)
    text = (
        f"Every one of the {pupils} pupils of the school in {town} will learn an instrument from autumn on. {a} The head "
        f"teacher, {who}, has collected enough for a {instrument} for each child. {b} There will be {hours} hours of music a "
        f"week, one of them in place of sport."
    )
    return (
        text,
        f"All {pupils} pupils in {town} will get a {instrument} and {hours} hours of music a week.",
        [town, str(pupils), instrument, f"{hours} hours"],
    )


def storm(pick: random.Random) -> Made:
    town, day = pick.choice(TOWNS), pick.choice(DAYS)
    houses, trees = pick.randint(120, 4000), pick.randint(20, 110)
    a, b = pick.sample(ASIDE, 2)
    text = (
        f"A storm hit {town} in the night to {day}. {a} It tore down {trees} trees and left {houses} houses without "
        f"electricity. Nobody was hurt. {b} The fire brigade asks people to stay out of the woods, since branches may still "
        f"fall."
    )
    return (
        text,
        f"A storm in {town} in the night to {day} felled {trees} trees and cut the power of {houses} houses; nobody was hurt.",
        [town, day, f"{trees} trees", f"{houses} houses"],
    )


def factory(pick: random.Random) -> Made:
    town, who = pick.choice(TOWNS), pick.choice(PEOPLE)
    jobs, year = pick.randint(30, 900), pick.randint(2031, 2039)
    thing = pick.choice(("bicycles", "pianos", "windows", "tents", "clocks"))
    a, b = pick.sample(ASIDE, 2)
    text = (
        f"A factory for {thing} is to be built at the edge of {town}. {a} It would bring {jobs} jobs, {who} told the council, "
        f"and open in {year} at the earliest. {b} Neighbours fear the noise of lorries and ask for a road of its own."
    )
    return (
        text,
        f"A factory for {thing} with {jobs} jobs is to open in {town} in {year} at the earliest.",
        [town, thing, f"{jobs} jobs", str(year)],
    )


def match(pick: random.Random) -> Made:
    home, away = pick.sample(TOWNS, 2)
    who, goals = pick.choice(PEOPLE), pick.randint(2, 5)
    others, minute = pick.randint(0, goals - 1), pick.randint(46, 89)
    a, b = pick.sample(ASIDE, 2)
    text = (
        f"{home} has won the cup for the first time, {goals} to {others} against {away}. {a} The decisive goal fell in minute "
        f"{minute}, when {who} hit the ball from the middle of the field. {b} The cup itself could not be found at first; it "
        f"stood in the kitchen."
    )
    return (
        text,
        f"{home} won the cup {goals} to {others} against {away}; {who} scored the decisive goal in minute {minute}.",
        [home, away, f"{goals} to {others}", who],
    )


KINDS: tuple[Callable[[random.Random], Made], ...] = (bridge, school, storm, factory, match)


def rows() -> list[dict[str, Any]]:
    """Objects with id, kind, text, expected (the summary) and key_facts; no text twice."""
    pick, made = random.Random(20261127), dict[str, dict[str, Any]]()
    for kind in KINDS:
        count = 0
        while count < 20:
            text, summary, facts = kind(pick)
            if text not in made:
                count += 1
                name = f"{kind.__name__}-{count:02}"
                made[text] = {
                    "id": name,
                    "kind": kind.__name__,
                    "text": text,
                    "expected": summary,
                    "key_facts": facts,
                }
    return list(made.values())


if __name__ == "__main__":
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows())
    Path(__file__).with_name("summaries.jsonl").write_text(lines, encoding="utf-8", newline="\n")
