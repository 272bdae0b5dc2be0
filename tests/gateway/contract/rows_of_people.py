"""The reference's rows of jobs, links, search, people, inspection and bindings (parts 1.8 to 1.16)."""

from __future__ import annotations

from .rows import Row, row

_C, _J, _L = "/api/v1/compendium", "/api/v1/job", "/api/v1/link"

JOBS = (
    row("1.8", f"POST {_J}", "200 from both forms", "jobs a_job_is_started_from_json_and_from_a_form"),
    row("1.8", f"POST {_J}", "400 without id", "jobs starting_is_refused_in_the_words_of_the_reference"),
    row("1.8", f"POST {_J}", "401", "jobs starting_is_refused_in_the_words_of_the_reference"),
    row(
        "1.8",
        f"POST {_J}",
        "403 candidate of others",
        "jobs starting_is_refused_in_the_words_of_the_reference",
        decision=11,
    ),
    row(
        "1.8", f"POST {_J}", "unknown compendium", "jobs starting_is_refused_in_the_words_of_the_reference", decision=13
    ),
    row("1.8", f"POST {_J}", "through a link", "links a_job_is_started_by_a_link_without_signing_in"),
    row("1.8", f"GET {_J}", "filters and fields", "jobs jobs_are_listed_by_compendium_user_and_status"),
    row("1.8", f"GET {_J}", "unsupported field", "lists jobs_are_told_with_the_fields_that_are_asked_for"),
    row(
        "1.8", f"GET {_J}", "unknown or candidate", "lists the_jobs_of_what_may_not_be_known_are_not_found", decision=11
    ),
    row("1.8", f"GET {_J}", "jobs of links", "links jobs_of_a_link_are_listed_only_by_the_link"),
    row(
        "1.8", f"GET {_J}/{{id}}", "steps on request", "jobs there_are_ten_steps_in_their_order_and_details_on_request"
    ),
    row("1.8", f"GET {_J}/{{id}}", "trailing slash", "answers a_slash_behind_a_job_is_no_matter"),
    row("1.8", f"GET {_J}/{{id}}", "404", "jobs there_are_ten_steps_in_their_order_and_details_on_request"),
)
LINKS = (
    row("1.9", f"GET {_L}", "list", "links links_are_listed_for_editors_and_ones_own_for_oneself"),
    row("1.9", f"PUT {_C}/{{id}}/link", "one, stable", "links owner_and_editors_make_one_link_that_stays_the_same"),
    row("1.9", f"PUT {_C}/{{id}}/link", "404, 400", "links managing_is_refused_in_the_words_of_the_reference"),
    row(
        "1.9",
        f"GET {_C}/{{id}}/link",
        "200, 404",
        "links managing_is_refused_in_the_words_of_the_reference",
        "links owner_and_editors_make_one_link_that_stays_the_same",
    ),
    row(
        "1.9",
        f"DELETE {_C}/{{id}}/link",
        "204, 400",
        "links a_link_that_has_ended_opens_nothing",
        "links managing_is_refused_in_the_words_of_the_reference",
    ),
    row(
        "1.9",
        f"PUT {_C}/{{id}}/link",
        "401, 403",
        "links managing_is_refused_in_the_words_of_the_reference",
        decision=11,
    ),
    row(
        "1.9",
        "",
        "what a link opens",
        "links a_link_opens_the_view_and_the_files_under_its_own_id_only",
        "links jobs_of_a_link_are_listed_only_by_the_link",
    ),
    row(
        "1.9",
        "",
        "what it does not",
        "links a_link_opens_nothing_else",
        "substitution a_public_link_is_no_way_to_substitute",
    ),
    row("1.9", "", "its end", "links a_link_that_has_ended_opens_nothing", decision=11),
)
SEARCH = (
    row(
        "1.10",
        "POST /api/v1/substitution",
        "200 with the id",
        "substitution it_holds_the_bases_files_and_the_overlays_file_at_the_root",
    ),
    row("1.10", "POST /api/v1/substitution", "401", "substitution who_may_not_substitute_is_told_before_anything_else"),
    row(
        "1.10",
        "GET /api/v1/substitution",
        "by base and overlay",
        "substitution they_are_listed_by_base_and_overlay_to_those_who_may_see_them",
    ),
    row("1.11", "GET /api/v1/search", "shape", "search words_are_found_in_the_shape_of_the_reference"),
    row("1.11", "GET /api/v1/search", "404", "search what_is_no_query_is_refused"),
    row(
        "1.11",
        "GET /api/v1/search",
        "resources, empties",
        "search jobs_are_found_by_their_states",
        "search a_star_finds_all",
    ),
    row("1.11", "GET /api/v1/search", "addresses", "search a_doi_is_found_as_it_is_and_as_an_address"),
    row("1.11", "POST /api/v1/search", "query", "search a_complex_query_finds", decision=11),
    row("1.11", "POST /api/v1/search", "nested form", "search a_nested_form_does_as_well"),
    row("1.11", "POST /api/v1/search", "400", "search what_is_not_understood_is_refused"),
)
PEOPLE = (
    row(
        "1.13",
        "GET /api/v1/auth/login",
        "OAuth 2",
        "sign_in somebody_signs_in_with_orcid",
        "sign_in what_is_sent_to_the_provider_binds_the_answer_to_this_sign_in",
    ),
    row("1.13", "GET /api/v1/auth/logout", "ends it", "sessions a_link_of_another_site_signs_nobody_out", decision=8),
    row("1.13", "GET /api/v1/auth/whoami", "200", "sign_in somebody_signs_in_with_orcid"),
    row("1.13", "GET /api/v1/auth/whoami", "401", "answers nobody_is_nobody"),
    row("1.13", "GET /api/v1/user", "list", "users users_are_listed_and_viewed"),
    row("1.13", "GET /api/v1/user", "400", "users a_page_of_users_that_cannot_be_is_refused"),
    row("1.13", "GET /api/v1/user/{id}", "level for some", "users users_are_listed_and_viewed"),
    row("1.13", "GET /api/v1/user/{id}", "404", "users an_unknown_user_is_not_found"),
    row(
        "1.13",
        "PATCH /api/v1/user/{id}",
        "200, 401, 403",
        "users only_editors_and_administrators_set_levels",
        decision=8,
    ),
    row(
        "1.13",
        "PATCH /api/v1/user/{id}",
        "400 level",
        "users a_level_that_is_no_whole_number_is_refused_before_anything_else",
    ),
    row("1.13", "PATCH /api/v1/user/{id}", "unknown", "users an_unknown_user_is_not_found", decision=8),
    row("1.13", "", "Slack", "answers what_is_not_offered_is_not_found", decision=13),
    row(
        "1.15",
        "GET /api/v1/inspection/{id}",
        "values",
        "inspection values_of_r_are_told_as_jsonlite_tells_them",
        "inspection a_file_is_inspected_over_http",
    ),
    row("1.15", "GET /api/v1/inspection/{id}", "400", "inspection what_cannot_be_inspected_is_refused", decision=10),
    row(
        "1.15",
        "GET /api/v1/inspection/{id}",
        "unknown",
        "inspection a_candidate_is_inspected_by_those_who_may_see_it",
        decision=10,
    ),
    row("1.15", "", "no id", "answers what_is_not_offered_is_not_found", decision=13),
    row(
        "1.16",
        "POST /api/v1/bindings/binding",
        "checked",
        "bindings a_valid_one_is_answered_by_what_is_to_come",
        "bindings a_binding_that_is_none_is_refused_with_its_place",
        decision=13,
    ),
    row("1.16", "POST /api/v1/bindings/searchBinding", "checked", "bindings bindings_are_searched", decision=13),
    row(
        "1.16",
        "POST /api/v1/bindings/extractRcode",
        "checked",
        "bindings code_is_extracted_of_what_one_may_see",
        decision=13,
    ),
    row(
        "1.16",
        f"POST {_C}/{{id}}/binding/{{binding}}",
        "checked",
        "bindings a_binding_is_run_on_what_one_may_see",
        decision=13,
    ),
    row(
        "1.16",
        f"GET {_C}/{{id}}/binding/{{binding}}",
        "checked",
        "bindings a_binding_is_run_on_what_one_may_see",
        decision=13,
    ),
)
PEOPLES: tuple[Row, ...] = (*JOBS, *LINKS, *SEARCH, *PEOPLE)
