"""Whatever is sent to these routes, the answer is one that is described."""

from __future__ import annotations

IDS = ("%00", "a%00b", "%ff", "%ED%A0%80", "..", "0" * 26, "x" * 5000, "%F0%9F%8C%A7")
ODD = ("0", "-1", "x", "9" * 40, "1e3", "%00", "1' OR '1'='1")


async def test_odd_ids_are_not_found(desk, o2r) -> None:
    async with desk.of("root", 1000) as root:
        for one in IDS:
            base = f"/api/v1/compendium/{one}"
            for method, address in (
                *(("GET", f"{base}/metadata"), ("PUT", f"{base}/metadata"), ("PATCH", f"{base}/metadata")),
                *(("POST", f"{base}/metadata/validate"), ("GET", f"{base}/metadata/revisions")),
                *(("GET", f"{base}/metadata/revisions/1"), ("DELETE", base)),
                ("POST", f"/api/v1/admin/removed/{one}/restore"),
                *(("GET", f"/compendium/{one}/metadata"), ("GET", f"/compendium/{one}/history")),
            ):
                body = {"json": {"o2r": o2r}} if method in {"PUT", "PATCH", "POST"} else {}
                answer = await root.request(method, address, **body)
                assert answer.status_code in {404, 405}, (method, address, answer.text)


async def test_odd_queries_and_headers_are_refused_or_ignored(desk, o2r, path) -> None:
    compendium = await desk.compendium()
    async with desk.of("root", 1000) as root:
        for one in ODD:
            for name in ("start", "limit", "cursor", "other"):
                for address in (f"{path(compendium)}/revisions", "/api/v1/admin/removed"):
                    answer = await root.get(f"{address}?{name}={one}")
                    assert answer.status_code in {200, 400}, (address, name, one)
            assert (await root.get(f"{path(compendium)}/revisions/{one}")).status_code == 404
            patched = await root.patch(f"{path(compendium)}?publish={one}", json={"o2r": o2r})
            assert patched.status_code == (200 if one == "0" else 400)
            header = {"If-Match": one, "Prefer": one, "Content-Type": "application/json"}
            assert (await root.patch(path(compendium), json={"o2r": o2r}, headers=header)).status_code == 412


async def test_a_title_that_looks_like_a_statement_or_a_page_is_a_title(desk, o2r, path) -> None:
    compendium = await desk.compendium()
    for title in (
        "'; DROP TABLE compendium; --",
        "<script>alert(1)</script>",
        "{{ 7*7 }}",
        "\u202e\x1b[31m",
        "x" * 99_999,
    ):
        async with desk.of("ada") as ada:
            assert (await ada.put(path(compendium), json={"o2r": o2r | {"title": title}})).status_code == 200
            assert (await ada.get(path(compendium))).json()["metadata"]["o2r"]["title"] == title
            for page in ("metadata", "history", f"history/{(await desk.now(compendium)).revision}"):
                shown = await ada.get(f"/compendium/{compendium.id}/{page}", headers={"Accept": "text/html"})
                assert shown.status_code == 200
                assert "<script>alert" not in shown.text
                assert "49" not in shown.text.partition("<title>")[2].partition("</title>")[0]


async def test_a_doi_that_no_index_takes_is_kept_but_not_indexed(desk, o2r, path) -> None:
    compendium = await desk.compendium()
    async with desk.of("ada") as ada:
        answer = await ada.put(path(compendium), json={"o2r": o2r | {"identifier": {"doi": "10.5281/" + "x" * 50_000}}})
    assert answer.status_code == 200
