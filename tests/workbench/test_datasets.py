"""What the desk of data sets makes of rows: halves, duplicates, samples, files that are taken once."""

from __future__ import annotations

from collections import Counter

from playground.datasets.duplicates import twins, words_of
from playground.datasets.sample import sample
from playground.datasets.split import split
from playground.types.dataset import Row


def rows_of(count: int) -> list[Row]:
    return [
        Row({"text": f"Mail {n}", "channel": "email" if n % 4 else "chat", "customer": n // 3}, number=n + 1)
        for n in range(count)
    ]


def test_halves_are_drawn_by_seed_alike_in_a_column_and_keep_clusters_together() -> None:
    rows = rows_of(240)
    halves = split(rows, held_out=2 / 3, seed=7, by="channel")
    assert halves == split(list(reversed(rows)), held_out=2 / 3, seed=7, by="channel")
    assert halves != split(rows, held_out=2 / 3, seed=8, by="channel")
    shares = Counter((row.values["channel"], halves[row.number]) for row in rows)
    assert shares == {
        ("email", "held-out"): 120,
        ("email", "train"): 60,
        ("chat", "held-out"): 40,
        ("chat", "train"): 20,
    }
    clusters = split(rows, held_out=0.5, seed=7, by="channel", cluster="customer")
    for customer in range(80):
        assert len({clusters[row.number] for row in rows if row.values["customer"] == customer}) == 1
    assert 115 <= Counter(clusters.values())["train"] <= 125


def test_equal_inputs_and_kept_halves_are_never_torn_apart() -> None:
    rows = [Row({"text": "same", "n": n}, number=n) for n in range(1, 40)] + rows_of(0)
    assert len(set(split(rows, seed=1, inputs=("text",)).values())) == 1
    rows = [Row({"text": str(n // 2)}, "train" if n == 0 else "", number=n + 1) for n in range(20)]
    halves = split(rows, held_out=0.9, seed=1, keep=True)
    assert (halves[1], halves[2]) == ("train", "train"), "its equal follows it"
    assert set(split(rows, held_out=1, seed=1).values()) == {"held-out"}
    assert set(split(rows, held_out=0, seed=1).values()) == {"train"}


def test_a_larger_sample_holds_the_smaller_one() -> None:
    rows = rows_of(100)
    small, large = sample(rows, 20, seed=3), sample(rows, 50, seed=3)
    assert [row for row in large if row in small] == small
    assert sample(rows, None) == rows == sample(rows, 200)


def test_equal_and_nearly_equal_rows_are_found_in_any_script() -> None:
    texts = [
        "My parcel was due on 2 May, today is the 10th and nobody tells me anything.",
        "A wholly different mail about a lamp.",
        "my parcel was due on 2 May; today is the 10th, and nobody tells me anything!",
        "我的包裹应该在五月二日到达今天已经十号了没有人告诉我任何消息",
        "我的包裹应该在五月二日到达今天已经十号了没有人告诉我任何消息。谢谢",
        "A wholly different mail about a lamp.",
    ]
    rows = [Row({"id": n, "text": text, "expected": n % 5}, number=n) for n, text in enumerate(texts, 1)]
    exact = twins(rows, inputs=("text",), expected="expected")
    assert [(twin.row, twin.of, twin.differs) for twin in exact] == [(6, 2, True)]
    near = twins(rows, inputs=("text",), near=True)
    assert [(twin.row, twin.of) for twin in near] == [(3, 1), (5, 4), (6, 2)]
    assert [twin.likeness for twin in near][0] == 1.0
    assert words_of(Row({"a": "Ab ab", "b": [1]})) == {"ab", "1"}
    assert words_of(Row({"a": "用Python写，写"})) == {"用", "python", "写"}
    assert words_of(Row({"a": "これは本"})) == {"これ", "れは", "本"}


def test_one_character_more_makes_no_other_row() -> None:
    texts = [
        "北京是中国的首都吗",
        "北京是中国首都吗？",
        "上海是中国的首都吗",
        "今天天气怎么样",
        "今天的天气怎么样",
    ]
    rows = [Row({"id": n, "text": text}, number=n) for n, text in enumerate(texts, 1)]
    assert [(twin.row, twin.of) for twin in twins(rows, inputs=("text",), near=True)] == [(2, 1), (5, 4)]
