"""Documents: what is read of them, and what of hostile ones is said instead."""

from __future__ import annotations

import io
import time
import zipfile

import pytest
from pypdf import PdfReader, PdfWriter

from playground.errors import PromptError
from playground.formats import pdf_text
from playground.formats.documents import MAX_BYTES, read_document

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def pdf(*pages: str, content: bytes | None = None) -> bytes:
    """A PDF with a line of text on each page."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    kids = []
    for page in pages:
        stream = content or b"BT /F1 12 Tf 72 720 Td (%s) Tj ET" % page.encode("latin-1")
        kids.append(b"%d 0 R" % (len(objects) + 1))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R >> >> >>" % (len(objects) + 2)
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids))
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start)
    return bytes(out)


def locked(data: bytes, password: str, owner: str | None = None) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    writer.encrypt(password, owner, algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def docx(body: str, *, head: str = "", part: str = "word/document.xml", padding: int = 0) -> bytes:
    xml = f'<?xml version="1.0"?>{head}<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(part, xml + " " * padding)
    return out.getvalue()


def paragraph(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def problem(name: str, data: bytes) -> str:
    with pytest.raises(PromptError) as caught:
        read_document(name, data)
    assert caught.value.hint, "the error does not say what to do"
    return caught.value.message


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("a.txt", b"One.\r\nTwo.", "One.\nTwo."),
        ("a.md", "# 标题\n正文".encode(), "# 标题\n正文"),
        ("a.txt", "Grüße aus Köln, schöne Tage".encode("cp1252"), "Grüße aus Köln, schöne Tage"),
        ("a.txt", "今天天气很好，我们去公园散步吧。".encode("gb18030"), "今天天气很好，我们去公园散步吧。"),
        ("notes", b"no suffix", "no suffix"),
        ("p.csv", b"item,price\nTea,3\n\nCoffee,4\n", "item: Tea; price: 3\nitem: Coffee; price: 4"),
        ("p.csv", b'item;note\nTea;"a, b\nc"\n', "item: Tea; note: a, b c"),
        ("p.tsv", "名称\t价格\n茶\t3\n".encode(), "名称: 茶; 价格: 3"),
        ("p.csv", b"only one line", "only one line"),
        ("p.csv", b"a,b\n1,2,3\n4\n", "a: 1; b: 2; column 3: 3\na: 4"),
        ("d.docx", docx(paragraph("One") + paragraph("二")), "One\n二"),
        ("d.docx", docx("<w:p><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t></w:r></w:p>"), "a\tb\nc"),
        (
            "d.docx",
            docx(f"<w:tbl><w:tr><w:tc>{paragraph('a')}</w:tc><w:tc>{paragraph('b')}</w:tc></w:tr></w:tbl>"),
            "a\tb",
        ),
        ("d.txt", docx(paragraph("named wrongly")), "named wrongly"),
        ("d.pdf", pdf("The fee is 12 euros."), "The fee is 12 euros."),
        ("d.pdf", pdf("Page one", "Page two"), "Page one\n\nPage two"),
        ("d.pdf", locked(pdf("Opens without"), "", "owner"), "Opens without"),
    ],
)  # fmt: skip
def test_a_document_is_read(name: str, data: bytes, text: str) -> None:
    assert read_document(name, data).strip() == text


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.txt", b"", "a.txt is empty."),
        ("a.txt", b" \n\t ", "a.txt is empty."),
        ("a.md", b"\x00\x01\x02" * 1000, "holds zero bytes, so it is no text"),
        ("a.txt", bytes(range(256)) * 20, "a.txt holds zero bytes"),
        ("a.exe", b"MZ\x90", "a.exe cannot be read as a document."),
        ("a.png", b"\x89PNG\r\n", "a.png cannot be read as a document."),
        ("a.pdf", b"no PDF at all", "a.pdf is no PDF file."),
        ("a.pdf", b"%PDF-1.7\n" + b"\x00garbage" * 50, "a.pdf is damaged"),
        ("a.pdf", pdf("cut off")[:200], "a.pdf"),
        ("a.pdf", locked(pdf("secret"), "pass"), "a.pdf has a password."),
        ("a.pdf", pdf("x", content=b"0 0 m"), "a.pdf has no text in it: its pages are pictures."),
        ("a.docx", b"no zip", "a.docx is no DOCX file."),
        ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, "has a password"),
        ("a.docx", docx("")[:-30], "a.docx is damaged."),
        ("a.docx", docx("<w:p>"), "its text is no XML"),
        ("a.docx", docx(paragraph("x"), part="xl/workbook.xml"), "a.docx is no Word file."),
        ("a.docx", docx(""), "a.docx has no text in it."),
        (
            "a.docx",
            docx(paragraph("&a;"), head='<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b SYSTEM "file:///etc/passwd">]>'),
            "holds a document type",
        ),
        ("a.docx", docx(paragraph("x"), padding=110_000_000), "unpacks to more than"),
        ("p.csv", b"a,b\n" + b"x" * 1_000_001 + b",1\n", "p.csv is no table that can be read"),
        ("a.txt", b"a" * 5_000_001, "5,000,001 characters of text, more than the 5,000,000"),
    ],
)  # fmt: skip
def test_a_document_that_cannot_be_read_is_refused_with_what_to_do(name: str, data: bytes, says: str) -> None:
    assert says in problem(name, data)


def test_a_document_of_200_mb_is_refused_with_both_numbers() -> None:
    said = problem("big.pdf", bytes(200_000_000))
    assert said == f"big.pdf has 200 MB, more than the {MAX_BYTES // 10**6} that are read."


def test_a_pdf_that_takes_for_ever_is_ended() -> None:
    started = time.monotonic()
    with pytest.raises(PromptError, match="took more than 0.05 s to read"):
        pdf_text.read("slow.pdf", pdf("x"), seconds=0.05)
    assert time.monotonic() - started < 5


def test_a_pdf_that_unpacks_to_gigabytes_takes_no_memory_of_ours() -> None:
    # A stream that names its own filter many times over: each one unpacks the one before.
    import zlib

    packed = b"BT " + b" " * 120_000_000
    for _ in range(3):
        packed = zlib.compress(packed, 9)
    bomb = pdf("x", content=packed).replace(
        b"<< /Length %d >>" % len(packed),
        b"<< /Length %d /Filter [/FlateDecode /FlateDecode /FlateDecode] >>" % len(packed),
    )
    assert "bomb.pdf" in problem("bomb.pdf", bomb)
