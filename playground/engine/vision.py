"""Images for one loaded model: its projector (the mmproj file), and prompts with pictures in them. Runs in the child.

    projector = Projector(path, model.handle, name, threads=2)
    seen = projector.read(render, [["user", "What is this?"]], [png])
    seen.prompt.tokens → [1, 4093, 198, -1, -1, …, 1780, 47]      -1 where a picture brings vectors of its own
    picture.encode(); picture.read_into(context, position=3) → 0

Imported with the first image only: it loads libmtmd of llama-cpp-python 0.3.36, on which its facts are based. That library
decodes PNG, JPEG and GIF (the first frame) by itself and would start ffprobe for anything else, which is switched off here.
"""

from __future__ import annotations

import base64
import ctypes
import os
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import llama_cpp.mtmd_cpp as mtmd
import numpy

from playground.engine.bindings import llama
from playground.engine.context import Context
from playground.engine.library import keep_errors, last_error
from playground.engine.vocabulary import Rendered
from playground.errors import BackendError

if TYPE_CHECKING:
    from playground.engine.context import Vector

MARKER = "<__media__>"
"""llama.cpp's own word for the place of an image; shown in the rendered prompt."""
_NO_PROGRAMS = b"/dev/null"  # a folder without ffprobe

mtmd.mtmd_helper_log_set(keep_errors, None)


class Seen(NamedTuple):
    """A prompt with its pictures, in the order of the text."""

    prompt: Rendered
    pictures: list[Picture]


class Projector:
    """The image encoder of a model. `close` frees it, before the model and after every picture has been read."""

    def __init__(self, path: Path, model: Any, name: str, threads: int, *, on_gpu: bool = False) -> None:
        params = mtmd.mtmd_context_params_default()
        params.use_gpu = on_gpu
        params.n_threads = threads
        params.print_timings = False
        params.warmup = False  # one encoding of the largest size: the first image does the same
        params.flash_attn_type = llama.LLAMA_FLASH_ATTN_TYPE_ENABLED  # what the warm-up would find out
        last_error()  # an older one is not this file's
        self.path = path
        self.width: int = llama.llama_model_n_embd_inp(model)
        self.handle = mtmd.mtmd_init_from_file(os.fsencode(path), model, params)
        if not self.handle and on_gpu:  # no memory for it beside the model
            params.use_gpu = False
            self.handle = mtmd.mtmd_init_from_file(os.fsencode(path), model, params)
        if not self.handle:
            raise BackendError(
                f"llama.cpp cannot use {path.name} with {name}{last_error()}.",
                "The two must belong together: take the mmproj file from where the model comes from.",
            )
        if not mtmd.mtmd_support_vision(self.handle):
            self.close()
            raise BackendError(
                f"{path.name} does not take images.", "Choose the mmproj file of a model that can see."
            )

    def read(
        self, render: Callable[[list[list[str]]], Rendered], messages: list[list[str]], images: list[str]
    ) -> Seen:
        """The chat with base64 images before the text of its last user turn; raises BackendError.

        Nothing is encoded yet, so that a prompt too long is refused at once.
        """
        marker = unused_marker(messages)
        rendered = render(with_markers(messages, marker, len(images)))
        texts = rendered.text.split(marker)
        if len(texts) != len(images) + 1:
            raise BackendError(
                f"The model's chat template shows {len(texts) - 1} of {len(images)} images.",
                "The template of this GGUF is not made for images: choose another model.",
            )
        bitmaps = [self._bitmap(image, place, len(images)) for place, image in enumerate(images)]
        chunks = mtmd.mtmd_input_chunks_init()
        try:
            self._tokenize(chunks, texts, bitmaps)
            tokens, pictures = self._listed(chunks)
        finally:
            mtmd.mtmd_input_chunks_free(chunks)
            for bitmap in bitmaps:
                mtmd.mtmd_bitmap_free(bitmap)
        text = rendered.text.replace(marker, MARKER)
        return Seen(Rendered(text, tokens, rendered.notes), pictures)

    def close(self) -> None:
        """Free the encoder; the object is unusable afterwards."""
        mtmd.mtmd_free(self.handle)

    def _bitmap(self, image: str, place: int, total: int) -> Any:
        data = base64.b64decode(image)
        buffer = (ctypes.c_uint8 * len(data)).from_buffer_copy(data)
        options = mtmd.mtmd_helper_init_opt_default()
        options.video_params.ffmpeg_bin_dir = _NO_PROGRAMS
        bitmap = mtmd.mtmd_helper_bitmap_init_from_buf(self.handle, buffer, len(data), False, options)
        if not bitmap:
            last_error()  # only says that it is neither image nor sound nor video
            name = "The image" if total == 1 else f"Image {place + 1} of {total}"
            raise BackendError(
                f"llama.cpp cannot decode it: {name.lower()} ({len(data):,} bytes) is damaged or of another kind.",
                "Use PNG or JPEG, or save it again from the program it comes from.",
            )
        return bitmap

    def _tokenize(self, chunks: Any, texts: list[str], bitmaps: list[Any]) -> None:
        """Fill `chunks` with text, picture, text, …; control tokens are read, no BOS is added (the text has it)."""
        parts: list[Any] = []
        for place, text in enumerate(texts):
            if text:
                data = text.encode("utf-8", "replace")
                words = mtmd.mtmd_input_text(data, len(data), False, True)
                parts.append(mtmd.mtmd_input_part(ctypes.pointer(words), None))
            if place < len(bitmaps):
                parts.append(mtmd.mtmd_input_part(None, bitmaps[place]))
        array = (ctypes.POINTER(mtmd.mtmd_input_part) * len(parts))(*map(ctypes.pointer, parts))
        code = mtmd.mtmd_tokenize_from_parts(self.handle, chunks, array, len(parts), False)
        if code:
            raise BackendError(
                f"llama.cpp cannot prepare the image for {self.path.name}{last_error()}.",
                "Choose another image, or one with other proportions.",
            )

    def _listed(self, chunks: Any) -> tuple[list[int], list[Picture]]:
        """Token ids with -1 for each of a picture's, and the pictures; raises BackendError."""
        tokens: list[int] = []
        pictures: list[Picture] = []
        kind = mtmd.MTMD_INPUT_CHUNK_TYPE_TEXT
        for number in range(mtmd.mtmd_input_chunks_size(chunks)):
            chunk = mtmd.mtmd_input_chunks_get(chunks, number)
            kind = mtmd.mtmd_input_chunk_get_type(chunk)
            if kind == mtmd.MTMD_INPUT_CHUNK_TYPE_TEXT:
                count = ctypes.c_size_t()
                words = mtmd.mtmd_input_chunk_get_tokens_text(chunk, ctypes.byref(count))
                tokens += words[: count.value]
                if count.value and min(tokens[-count.value :]) < 0:  # would be an invalid row
                    raise BackendError(
                        f"{self.path.name} puts marks around an image that the model has no words for.",
                        "The two must belong together: take the mmproj file from where the model comes from.",
                    )
            else:
                pictures.append(Picture(self, chunk, len(tokens)))
                tokens += [-1] * pictures[-1].size
        if kind != mtmd.MTMD_INPUT_CHUNK_TYPE_TEXT:
            raise BackendError(
                "There is no text after the image.", "Write a question or an instruction into the user turn."
            )
        return tokens, pictures


class Picture:
    """An image of one prompt (or a part of a large one): `size` tokens from index `start` on.

    They take `positions` positions, fewer than tokens for models that count in rows and columns. `whole` means that its tokens
    look at each other in both directions, so that they must lie in one micro-batch.
    """

    def __init__(self, projector: Projector, chunk: Any, start: int) -> None:
        self.start = start
        self.size: int = mtmd.mtmd_input_chunk_get_n_tokens(chunk)
        self.positions: int = mtmd.mtmd_input_chunk_get_n_pos(chunk)
        self.whole = bool(mtmd.mtmd_decode_use_non_causal(projector.handle, chunk))
        self._projector = projector
        self._vectors: Vector | None = None
        self._chunk = mtmd.mtmd_input_chunk_copy(chunk)  # the list it is in goes away
        weakref.finalize(self, mtmd.mtmd_input_chunk_free, self._chunk)

    @property
    def is_encoded(self) -> bool:
        """Whether its vectors are there."""
        return self._vectors is not None

    def encode(self) -> None:
        """Compute the vectors, in one go that cannot be interrupted; raises BackendError."""
        last_error()
        code = mtmd.mtmd_encode_chunk(self._projector.handle, self._chunk)
        if code:
            raise BackendError(
                f"{self._projector.path.name} could not read the image (mtmd_encode returned {code}){last_error()}.",
                "Try a smaller image, or another model.",
            )
        found = mtmd.mtmd_get_output_embd(self._projector.handle)
        # A copy: the next picture is written over it.
        self._vectors = numpy.ctypeslib.as_array(found, (self.size, self._projector.width)).copy()

    def read_into(self, context: Context, position: int) -> int:
        """Put the vectors into sequence 0 from `position` on; llama_decode's code, 2 with a part of them in there."""
        assert self._vectors is not None
        pointer = self._vectors.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
        after = llama.llama_pos()
        code: int = mtmd.mtmd_helper_decode_image_chunk(
            self._projector.handle,
            context.handle,
            self._chunk,
            pointer,
            position,
            0,
            context.rows,
            ctypes.byref(after),
            mtmd.mtmd_helper_post_decode_callback(),
            None,
        )
        return code


def unused_marker(messages: list[list[str]]) -> str:
    """A mark for the place of an image that nobody has written into a message."""
    marker, number = MARKER, 0
    while any(marker in content for _, content in messages):
        number += 1
        marker = f"<__media_{number}__>"
    return marker


def with_markers(messages: list[list[str]], marker: str, count: int) -> list[list[str]]:
    """The messages with `count` marks before the text of the last user turn; raises BackendError without one."""
    places = [place for place, (role, _) in enumerate(messages) if role == "user"]
    if not places:
        raise BackendError("There is no user turn to put the image into.", "Add a user turn.")
    role, content = messages[places[-1]]
    return [*messages[: places[-1]], [role, marker * count + content], *messages[places[-1] + 1 :]]
