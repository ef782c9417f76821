import json

import pytest

from playground.engine import protocol
from playground.engine.protocol import Cancel, Done, Generate, Piece, ProtocolError, Rendered

GENERATE = Generate(
    id=1,
    model="/m/a.gguf",
    extra_buffers=True,
    digest="",
    mode="exact",
    messages=[["user", "a\nb\u2028c\0 👩\u200d🚀 \ud800"]],
    temperature=0,
    top_p=1,
    top_k=0,
    min_p=0,
    repetition_penalty=1,
    presence_penalty=0,
    frequency_penalty=0,
    seed=0,
    max_tokens=5,
    stop=["\n"],
)


@pytest.mark.parametrize(
    "message",
    [GENERATE, Cancel(3), Piece(1, "שלום"), Done(1, "stop", 2, 0, ""), Rendered(1, "x", [1, 2], 8192)],
    ids=lambda m: type(m).__name__,
)
def test_a_message_survives_the_pipe_in_one_ascii_line(message: protocol.Message) -> None:
    line = protocol.encode(message)
    assert line.isascii()
    assert line.count(b"\n") == 1
    assert protocol.decode(line) == message


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"llama_model_loader: loaded", "not JSON"),
        (b"[1]", "not an object"),
        (b'{"id": 1}', "unknown message type None"),
        (b'{"type": "shutdown", "id": 1}', "unknown message type 'shutdown'"),
        (b'{"type": "cancel"}', "keys id"),
        (b'{"type": "cancel", "id": 1, "now": true}', "keys now"),
        (b'{"type": "cancel", "id": "1"}', "cancel.id"),
        (b'{"type": "cancel", "id": true}', "cancel.id"),
    ],
)
def test_a_wrong_line_is_refused_by_name(line: bytes, words: str) -> None:
    with pytest.raises(ProtocolError, match=words):
        protocol.decode(line)


def test_a_list_of_the_wrong_things_is_refused() -> None:
    value = json.loads(protocol.encode(GENERATE)) | {"stop": [1]}
    with pytest.raises(ProtocolError, match=r"generate\.stop"):
        protocol.decode(json.dumps(value).encode())
