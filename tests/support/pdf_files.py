"""Writes PDF files: pages of drawing operators, as a program without a library would."""

from __future__ import annotations

HEAD = "1 0 0 RG 2 w"


def words(text: str, x: int = 40, y: int = 260, size: int = 12) -> str:
    """Return the operators that write a line in Helvetica."""
    return f"BT /F1 {size} Tf {x} {y} Td ({text}) Tj ET"


def lines(*texts: str, y: int = 260) -> str:
    """Return the operators that write lines below each other."""
    return "\n".join(words(text, y=y - 16 * at) for at, text in enumerate(texts))


def points(*places: tuple[float, float], size: float = 8) -> str:
    """Return the operators that draw squares in a frame."""
    frame = "0 0 0 RG 1 w 40 40 320 180 re S 0 0 0.8 rg"
    return "\n".join([frame, *(f"{x} {y} {size} {size} re f" for x, y in places)])


def a_pdf(*pages: str, date: str = "20200101", size: tuple[float, float] = (400, 300), extra: str = "") -> bytes:
    """Return a PDF of these pages, each given by its operators; `extra` goes into each page's dictionary."""
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
    kids = " ".join(f"{4 + 2 * at} 0 R" for at in range(len(pages)))
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>", font]
    for at, content in enumerate(pages):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {size[0]} {size[1]}] /Contents {5 + 2 * at} 0 R "
            f"/Resources << /Font << /F1 3 0 R >> >> {extra} >>"
        )
        objects.append(f"<< /Length {len(content.encode('cp1252'))} >>\nstream\n{content}\nendstream")
    objects.append(f"<< /CreationDate (D:{date}) /Producer (a program of {date[:4]}) >>")
    return _written(
        objects, f"/Root 1 0 R /Info {len(objects)} 0 R /ID [<{date.ljust(16, '0')}> <{date.ljust(16, '0')}>]"
    )


def _written(objects: list[str], trailer: str) -> bytes:
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, text in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{text}\nendobj\n".encode("cp1252")
    table = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += "".join(f"{place:010} 00000 n \n" for place in places).encode()
    return bytes(out + f"trailer\n<< /Size {len(objects) + 1} {trailer} >>\nstartxref\n{table}\n%%EOF\n".encode())
