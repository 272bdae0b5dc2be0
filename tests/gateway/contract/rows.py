"""The rows of the o2r reference's tables (issue 5: parts 1, 2, 8, 9 and 13), and the tests that show each.

A row that we answer otherwise on purpose names its decision record.
"""

from __future__ import annotations

from dataclasses import dataclass

FILES_OF = {
    "answers": "gateway/sharing/test_answers_of_the_reference.py",
    "archives": "gateway/files/test_archives.py",
    "bag": "workers/loader/test_bag.py",
    "bindings": "gateway/sharing/test_bindings.py",
    "binds": "workers/builder/domain/test_binds.py",
    "brokering": "gateway/metadata/test_brokering.py",
    "check": "workers/checker/test_html.py",
    "code": "workers/metadata/test_code.py",
    "configuration": "workers/builder/domain/test_configuration.py",
    "bad_input": "system/test_bad_input.py",
    "describe": "workers/metadata/test_describe.py",
    "dockerfile": "workers/builder/domain/test_dockerfile.py",
    "desk": "workers/test_desk.py",
    "kills": "system/test_kills.py",
    "engine": "workers/builder/test_engine.py",
    "events": "gateway/streaming/test_everything.py",
    "files": "gateway/files/test_files.py",
    "history": "gateway/metadata/test_history.py",
    "inspection": "gateway/files/test_inspection.py",
    "jobs": "gateway/sharing/test_jobs.py",
    "lifecycle": "system/test_lifecycle.py",
    "links": "gateway/sharing/test_links.py",
    "lists": "gateway/contract/test_lists.py",
    "matrix": "gateway/authorisation/test_matrix.py",
    "names": "workers/loader/test_names.py",
    "o2r": "system/test_o2r_client.py",
    "pipeline": "gateway/test_pipeline.py",
    "plan": "workers/builder/domain/test_plan.py",
    "protection": "gateway/files/test_protection.py",
    "quotas": "gateway/contract/test_quotas.py",
    "rates": "gateway/identity/test_rates.py",
    "removal": "gateway/metadata/test_removal.py",
    "sandbox": "workers/executor/test_sandbox.py",
    "saving": "gateway/metadata/test_saving.py",
    "search": "gateway/sharing/test_search.py",
    "service": "gateway/contract/test_service.py",
    "sessions": "gateway/identity/test_sessions.py",
    "shipments": "gateway/sharing/test_shipments.py",
    "sign_in": "gateway/identity/test_sign_in.py",
    "sources": "gateway/contract/test_sources.py",
    "start": "gateway/test_start.py",
    "stream": "gateway/streaming/test_job.py",
    "substitution": "gateway/sharing/test_substitution.py",
    "system": "system/test_events.py",
    "users": "gateway/identity/test_users.py",
    "workspace": "workers/loader/test_workspace.py",
    "zip": "workers/loader/test_zip_archive.py",
}


@dataclass(frozen=True)
class Row:
    """A row: its part, method and path (empty where it is no address), what it is about, its tests as `file::name`.

    `decision` is the number of the record that says why we answer otherwise; 0: we answer as the reference.
    """

    part: str
    address: str
    about: str
    tests: tuple[str, ...]
    decision: int = 0


def row(part: str, address: str, about: str, *tests: str, decision: int = 0) -> Row:
    """Return a row; a test is a word of `FILES_OF` and the rest of its name behind `test_`."""
    named = (test.split(" ") for test in tests)
    return Row(part, address, about, tuple(f"tests/{FILES_OF[file]}::test_{rest}" for file, rest in named), decision)


_C, _J = "/api/v1/compendium", "/api/v1/job"
_NO_WORDS = "answers what_is_not_there_is_told_in_the_words_of_the_reference"
_CELLS = "matrix every_cell_of_the_table_is_as_the_table_says"

SERVICE = (
    row("1.1", "", "levels and what they allow", _CELLS, "service the_status_is_for_administrators"),
    row(
        "1.1",
        "",
        "level of a new user",
        "users administrators_are_named_by_a_setting_and_others_begin_at_the_usual_level",
    ),
    row("1.1", "", "owner, level, text", "saving who_may_not_edit_is_told_what_they_may_know", decision=11),
    row("1.1", "", "session in a cookie", "sessions only_the_hash_of_a_cookie_is_kept", decision=8),
    row("1.2", "GET /api", "versions", "service the_index_names_every_resource_of_the_o2r_service"),
    row("1.2", "GET /api/v1", "resources", "service the_index_names_every_resource_of_the_o2r_service"),
    row("1.2", "GET /", "no page there", "answers the_first_page_is_a_page", decision=13),
    row(
        "1.2", "GET /status", "401, 403, 200", "answers the_status_is_not_for_people_below_administrators", decision=13
    ),
    row("1.2", "GET /api/v1/environment", "announced", "service the_environment_is_what_the_workers_announce"),
    row("1.12", "GET /api/v1/environment", "shape", "service the_environment_is_what_the_workers_announce"),
)
CREATION = (
    row("1.3", f"POST {_C}", "200 with the id", "o2r a_client_of_the_published_document_does_the_whole_work"),
    row("1.3", f"POST {_C}", "multipart or JSON", "sources a_source_may_come_in_any_form_and_is_for_later"),
    row("1.3", f"POST {_C}", "order of checks", "sources login_and_level_come_before_everything_else"),
    row("1.3", f"POST {_C}", "401", "answers creation_needs_a_level_before_anything_is_read"),
    row("1.3", f"POST {_C}", "403 level", "answers creation_needs_a_level_before_anything_is_read"),
    row("1.3", f"POST {_C}", "400 kind, with a file", "answers creation_needs_a_level_before_anything_is_read"),
    row("1.3", f"POST {_C}", "400 kind, share", "sources a_source_may_come_in_any_form_and_is_for_later", decision=13),
    row("1.3", f"POST {_C}", "422 share parameters", "sources a_source_that_cannot_be_is_refused"),
    row("1.3", f"POST {_C}", "422 encoding", "describe latin_1_is_read_with_a_warning", decision=13),
    row("1.3", f"POST {_C}", "403 host", "sources a_source_that_cannot_be_is_refused"),
    row("1.3", f"POST {_C}", "loader's errors", "zip what_is_not_taken_is_refused_by_its_reason", decision=13),
)
COMPENDIA = (
    row("1.4", f"GET {_C}", "published ids", "lists a_list_shows_what_is_published_the_newest_first"),
    row("1.4", f"GET {_C}", "by DOI", "lists a_doi_names_the_compendia_of_a_paper"),
    row("1.4", f"GET {_C}", "by job", "lists a_job_names_the_compendium_that_it_ran", decision=12),
    row("1.4", f"GET {_C}", "own candidates first", "lists of_your_own_the_candidates_come_first", decision=12),
    row("1.4", f"GET {_C}", "nothing found", "lists nothing_is_an_empty_list"),
    row("1.4", f"GET {_C}", "start, limit", "lists the_headers_say_the_same_as_the_document"),
    row("1.4", f"GET {_C}/{{id}}", "fields", "answers a_view_has_the_fields_of_the_reference"),
    row("1.4", f"GET {_C}/{{id}}", "404", _NO_WORDS),
    row("1.4", f"GET {_C}/{{id}}", "candidate of others", _NO_WORDS, decision=11),
    row("1.4", f"GET {_C}/{{id}}", "by link", "links a_link_opens_the_view_and_the_files_under_its_own_id_only"),
    row("1.4", f"DELETE {_C}/{{id}}", "404", _NO_WORDS),
    row("1.4", f"DELETE {_C}/{{id}}", "401", "removal a_published_one_is_deleted_by_administrators_only", decision=11),
    row("1.4", f"DELETE {_C}/{{id}}", "candidate", "removal a_candidate_is_deleted_by_its_owner_and_by_editors_only"),
    row(
        "1.4",
        f"DELETE {_C}/{{id}}",
        "candidate, others",
        "removal only_who_may_delete_it_is_told_that_it_was_changed_meanwhile",
        decision=11,
    ),
    row(
        "1.4",
        f"DELETE {_C}/{{id}}",
        "published, administrator",
        "removal a_published_one_is_deleted_by_administrators_only",
    ),
    row(
        "1.4",
        f"DELETE {_C}/{{id}}",
        "published, 400",
        "removal a_published_one_is_deleted_by_administrators_only",
        decision=9,
    ),
    row(
        "1.4",
        f"DELETE {_C}/{{id}}",
        "what goes with it",
        "removal what_goes_with_a_compendium_goes_and_of_a_published_one_is_kept",
        decision=9,
    ),
    row("1.4", f"GET {_C}/{{id}}/jobs", "ids", "links jobs_of_a_link_are_listed_only_by_the_link"),
    row("1.4", f"GET {_C}/{{id}}/jobs", "404", _NO_WORDS, "lists the_jobs_of_what_may_not_be_known_are_not_found"),
)
METADATA = (
    row("1.5", f"GET {_C}/{{id}}/metadata", "o2r alone", "answers metadata_are_told_as_the_o2r_part_alone"),
    row("1.5", f"GET {_C}/{{id}}/metadata", "404", _NO_WORDS, decision=11),
    row("1.5", f"PUT {_C}/{{id}}/metadata", "save and publish", "saving a_put_saves_publishes_and_rewrites_erc_yml"),
    row("1.5", f"PUT {_C}/{{id}}/metadata", "brokered", "brokering zenodo_gets_what_the_reference_sends"),
    row("1.5", f"PUT {_C}/{{id}}/metadata", "erc.yml only if there", "saving a_workspace_without_erc_yml_gets_none"),
    row("1.5", f"PUT {_C}/{{id}}/metadata", "link ids 404", _CELLS, "links a_link_opens_nothing_else"),
    row(
        "1.5",
        f"PUT {_C}/{{id}}/metadata",
        "401, no right",
        "saving who_may_not_edit_is_told_what_they_may_know",
        decision=9,
    ),
    row("1.5", f"PUT {_C}/{{id}}/metadata", "400 no JSON", "saving a_body_that_cannot_be_kept_is_refused", decision=9),
    row("1.5", f"PUT {_C}/{{id}}/metadata", "400 schema", "saving what_is_wrong_is_told_with_its_place"),
    row("1.5", f"PUT {_C}/{{id}}/metadata", "422 root", "saving a_body_that_cannot_be_kept_is_refused"),
    row(
        "1.5",
        f"PUT {_C}/{{id}}/metadata",
        "500",
        "saving a_description_that_is_none_is_refused_with_a_sentence",
        decision=9,
    ),
)
FILES = (
    row("1.6", f"GET {_C}/{{id}}/data/", "tree", "files the_tree_has_the_fields_and_types_of_the_o2r_service"),
    row(
        "1.6",
        f"GET {_C}/{{id}}/data/{{path}}",
        "types",
        "files a_file_comes_with_its_type_and_can_harm_nobody",
        decision=10,
    ),
    row("1.6", f"GET {_C}/{{id}}/data/{{path}}", "pictures' size", "files a_picture_is_made_as_wide_as_asked_for"),
    row(
        "1.6",
        f"GET {_C}/{{id}}/data/{{path}}",
        "lines",
        "files of_a_text_come_the_first_lines_and_other_files_are_as_they_are",
    ),
    row("1.6", f"GET {_C}/{{id}}/data/{{path}}", "bad size", "files a_bad_size_is_refused"),
    row("1.6", f"GET {_C}/{{id}}/data/{{path}}", "404", _NO_WORDS),
    row("1.6", f"GET {_C}/{{id}}/data/{{path}}", "missing file", "files what_is_not_there_is_not_found", decision=10),
    row("1.6", f"GET {_J}/{{id}}/data/", "tree of a job", "answers the_files_of_a_job_are_listed_and_made_smaller"),
    row(
        "1.6",
        f"GET {_J}/{{id}}/data/{{path}}",
        "file and size",
        "answers the_files_of_a_job_are_listed_and_made_smaller",
    ),
    row("1.6", f"GET {_J}/{{id}}/data/{{path}}", "404", _NO_WORDS),
    row("1.7", f"GET {_C}/{{id}}.zip", "zip", "files a_zip_holds_the_files_and_says_where_it_is_from"),
    row("1.7", f"GET {_C}/{{id}}.tar", "tar", "files a_tar_comes_plain_or_gzipped"),
    row("1.7", f"GET {_C}/{{id}}.tar.gz", "302 to the tar", "files a_tar_comes_plain_or_gzipped"),
    row("1.7", f"GET {_C}/{{id}}.zip", "404", _NO_WORDS),
    row("1.7", f"GET {_C}/{{id}}.zip", "image, 400 without", "files the_image_comes_with_it_once_a_job_saved_one"),
)
THINGS: tuple[Row, ...] = (*SERVICE, *CREATION, *COMPENDIA, *METADATA, *FILES)
