"""An OpenAI-compatible server for the benches: python tests/bench/scripted_server.py PORT FIRST_MS WORDS GAP_MS

Every chat is answered with "word 0 word 1 …" after FIRST_MS, one event a word, GAP_MS between them.
"""

from __future__ import annotations

import asyncio
import json
import sys

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
END = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
USAGE = {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 5}}


def event(payload: object) -> bytes:
    """One event as a chunk of HTTP."""
    data = b"data: " + (b"[DONE]" if payload is None else json.dumps(payload).encode()) + b"\n\n"
    return b"%x\r\n%s\r\n" % (len(data), data)


def word(number: int) -> bytes:
    """The event of a word."""
    return event({"choices": [{"index": 0, "delta": {"content": f"word {number} "}}]})


LAST = event(END) + event(USAGE) + event(None) + b"0\r\n\r\n"
MODELS = json.dumps({"object": "list", "data": [{"id": "tiny", "object": "model"}]}).encode()
MODELS_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (
    len(MODELS),
    MODELS,
)


async def serve(port: int, first_s: float, words: int, gap_s: float) -> None:
    """Answer until the process is ended."""
    events = [word(number) for number in range(words)]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                _, _, length = head.partition(b"content-length:")
                await reader.readexactly(int(length.partition(b"\r\n")[0] or 0))
                if head.startswith(b"get"):
                    writer.write(MODELS_ANSWER)
                    continue
                await asyncio.sleep(first_s)
                writer.write(HEAD + events[0])
                for later in events[1:]:
                    if gap_s:
                        await asyncio.sleep(gap_s)
                    writer.write(later)
                writer.write(LAST)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", port, backlog=256)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    port, first_ms, words, gap_ms = map(int, sys.argv[1:])
    asyncio.run(serve(port, first_ms / 1000, words, gap_ms / 1000))
