from collections.abc import Iterator
from pathlib import Path

import pytest

from playground.engine.gguf import read_header
from playground.engine.vocabulary import Vocabulary


@pytest.fixture(scope="module")
def vocabulary(model: Path) -> Iterator[Vocabulary]:
    import llama_cpp.llama_cpp as llama

    from playground.engine.library import start_library
    from playground.engine.model import open_model

    start_library()
    handle = open_model(read_header(model), vocabulary_only=True)
    yield Vocabulary(handle)
    llama.llama_model_free(handle)


def test_a_token_longer_than_every_buffer_comes_out_whole(vocabulary: Vocabulary) -> None:
    indent = "\n" + " " * 80
    tokens = vocabulary.tokenize(indent, special=False)
    pieces = [vocabulary.piece(token) for token in tokens]
    assert max(len(piece) for piece in pieces) > 64
    assert b"".join(pieces).decode() == indent


@pytest.mark.parametrize(
    "text", ["", "a\0b", "👩\u200d🚀", "שלום עולם", "e\u0301", "\t\r\n ", "日本語", "<|im_end|> in text"]
)
def test_plain_text_survives_tokens(vocabulary: Vocabulary, text: str) -> None:
    pieces = [vocabulary.piece(token) for token in vocabulary.tokenize(text, special=False)]
    assert b"".join(pieces).decode() == text


def test_a_lone_surrogate_does_not_reach_llama_cpp(vocabulary: Vocabulary) -> None:
    assert vocabulary.tokenize("a\ud800", special=False) == vocabulary.tokenize("a?", special=False)


def test_the_template_of_the_file_is_applied_with_one_start_token(vocabulary: Vocabulary) -> None:
    rendered = vocabulary.render([["system", "Be brief."], ["user", "Hi"]])
    assert rendered.text == (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    )
    assert rendered.tokens[:2] == [1, 9690]
    assert rendered.tokens.count(1) == 3
    assert rendered.notes == []
