"""PDF files whose pages are drawn by several threads."""

import subprocess
import sys

import pytest

PAGES, THREADS, TIMES = 6, 4, 8

# In a process of its own: where threads are not kept apart, PDFium ends the process.
SCRIPT = """
import sys, threading
from pathlib import Path
from lenet.pictures.loading import open_pages, open_picture

content, counts = Path(sys.argv[1]).read_bytes(), []

def read():
    for _ in range({times}):
        counts.append(sum(1 for page in open_pages(content)))
        open_picture(content)  # of which the other pages are left

threads = [threading.Thread(target=read) for _ in range({threads})]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(counts), set(counts))
"""


def written_pdf(pages: int) -> bytes:
    """A PDF of pages with a line of text: letters are what PDFium keeps for all documents together."""
    kids = " ".join(f"{3 + 2 * page} 0 R" for page in range(pages))
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>"]
    font = "<< /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>"
    for page in range(pages):
        text = f"BT /F1 12 Tf 10 80 Td (page {page} 0123456789) Tj 0 -25 Td (abcdefghij) Tj ET"
        contents = f"/Contents {4 + 2 * page} 0 R /Resources {font}"
        objects.append(f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] {contents} >>")
        objects.append(f"<< /Length {len(text)} >>\nstream\n{text}\nendstream")
    content, places = b"%PDF-1.4\n", []
    for number, description in enumerate(objects, 1):
        places.append(len(content))
        content += f"{number} 0 obj\n{description}\nendobj\n".encode()
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    head = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n"
    trailer = f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(content)}\n%%EOF"
    return content + (head + table + trailer).encode()


def test_threads_that_draw_pages_of_pdf_files_at_a_time_get_all_of_them(tmp_path):
    pytest.importorskip("pypdfium2")
    file = tmp_path / "pages.pdf"
    file.write_bytes(written_pdf(PAGES))
    script = SCRIPT.format(times=TIMES, threads=THREADS)
    run = subprocess.run([sys.executable, "-c", script, str(file)], capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (0, f"{THREADS * TIMES} {{{PAGES}}}\n"), run.stderr
