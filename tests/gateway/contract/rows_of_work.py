"""The reference's rows of jobs, shipments and substitution (parts 2, 8, 9), and its weaknesses (part 13)."""

from __future__ import annotations

from .rows import Row, row

_S = "/api/v1/shipment"
_SUBSTITUTE = "POST /api/v1/substitution"

JOB = (
    row("2.1", "", "a step's states", "jobs there_are_ten_steps_in_their_order_and_details_on_request"),
    row(
        "2.1",
        "",
        "a job's states",
        "jobs a_job_is_started_from_json_and_from_a_form",
        "pipeline the_whole_way_asks_each_worker_in_turn_and_ends_with_the_verdict",
    ),
    row(
        "2.1",
        "",
        "further fields",
        "jobs the_fields_of_a_job_that_ended",
        "jobs the_exit_code_of_a_script_that_failed_is_told",
    ),
    row("2.2", "", "0 no stale display", "bad_input an_old_copy_of_the_display_cannot_pass", decision=1),
    row(
        "2.2",
        "",
        "1 validate_bag",
        "pipeline the_first_steps_say_what_was_made_and_what_was_there",
        "bag a_changed_file_is_a_problem",
        decision=13,
    ),
    row(
        "2.2",
        "",
        "2 generate_configuration",
        "configuration what_is_generated_is_valid",
        "pipeline the_first_steps_say_what_was_made_and_what_was_there",
    ),
    row(
        "2.2",
        "",
        "3 validate_compendium",
        "configuration each_missing_key_is_named",
        "configuration a_wrong_value_is_one_error",
        "configuration known_versions_of_the_specification_are_valid",
    ),
    row(
        "2.2",
        "",
        "4 generate_manifest",
        "dockerfile the_manifest_says_what_the_specification_asks_for",
        "plan a_dockerfile_that_this_service_wrote_is_not_read",
        decision=14,
    ),
    row(
        "2.2",
        "",
        "5 image_prepare",
        "dockerfile the_context_holds_what_is_copied_and_nothing_of_the_workspace",
        decision=13,
    ),
    row("2.2", "", "6 image_build", "engine a_plan_becomes_an_image_that_is_found_and_saved", decision=13),
    row(
        "2.2", "", "7 image_execute", "sandbox the_container_is_confined", "sandbox the_exit_code_is_told", decision=13
    ),
    row(
        "2.2",
        "",
        "8 check",
        "check the_same_page_is_reproduced",
        "check a_changed_number_in_text_is_found",
        "jobs the_fields_of_a_job_that_ended",
        decision=13,
    ),
    row(
        "2.2",
        "",
        "9 image_save",
        "pipeline an_image_that_is_kept_already_is_not_saved_again",
        "files the_image_comes_with_it_once_a_job_saved_one",
        decision=13,
    ),
    row(
        "2.2",
        "",
        "10 cleanup",
        "pipeline a_failed_step_ends_the_job_and_leaves_later_steps_queued",
        "sandbox cleaning_leaves_nothing_and_may_be_repeated",
    ),
    row("2.2", "", "a failing step", "pipeline a_failed_step_ends_the_job_and_leaves_later_steps_queued"),
    row(
        "2.2",
        "",
        "a difference saves the image",
        "pipeline the_whole_way_asks_each_worker_in_turn_and_ends_with_the_verdict",
    ),
    row("2.2", "", "binds are used", "binds a_file_takes_the_place_of_another", decision=11),
    row("2.3", "GET /api/v1/job/{id}/events", "live", "stream a_job_is_told_live_to_its_end", decision=7),
    row("2.3", "GET /api/v1/job/{id}/events", "replay", "stream resuming_anywhere_gives_exactly_the_rest", decision=7),
)
SHIPMENTS = (
    row("8", "GET /api/v1/recipient", "recipients", "shipments the_recipients_are_those_that_are_set_up", decision=13),
    row("8", f"GET {_S}", "bare array", "shipments they_are_listed_as_a_bare_array"),
    row("8", f"GET {_S}/{{id}}", "document", "shipments it_is_made_from_json_and_both_kinds_of_forms"),
    row("8", f"GET {_S}/{{id}}", "404", "shipments a_shipment_is_seen_by_its_sender_and_editors"),
    row(
        "8",
        f"GET {_S}/{{id}}/status",
        "state",
        "shipments before_it_is_packed_there_are_no_files_and_nothing_to_publish",
    ),
    row(
        "8", f"GET {_S}/{{id}}/status", "unknown", "shipments a_shipment_is_seen_by_its_sender_and_editors", decision=11
    ),
    row("8", f"GET {_S}/{{id}}/files", "files", "shipments the_files_of_the_bag_are_listed_with_their_checksums"),
    row(
        "8", f"GET {_S}/{{id}}/files", "400", "shipments before_it_is_packed_there_are_no_files_and_nothing_to_publish"
    ),
    row(
        "8",
        f"GET {_S}/{{id}}/publishment",
        "files",
        "shipments the_files_of_the_bag_are_listed_with_their_checksums",
        decision=13,
    ),
    row("8", f"PUT {_S}/{{id}}/publishment", "published", "shipments it_is_published_by_its_sender_and_stays_so"),
    row("8", f"PUT {_S}/{{id}}/publishment", "not yet, failed", "shipments one_that_failed_says_why", decision=13),
    row(
        "8",
        f"PUT {_S}/{{id}}/publishment",
        "needs the right",
        "shipments a_shipment_is_seen_by_its_sender_and_editors",
        decision=11,
    ),
    row("8", f"DELETE {_S}/{{id}}/files/{{file}}", "204", "shipments a_file_is_taken_out_and_the_bag_stays_valid"),
    row(
        "8",
        f"DELETE {_S}/{{id}}/files/{{file}}",
        "needs the right",
        "shipments a_shipment_is_seen_by_its_sender_and_editors",
        decision=11,
    ),
    row("8", f"GET {_S}/{{id}}/dl", "202 zip", "shipments the_zip_comes_with_202_and_in_parts"),
    row("8", f"POST {_S}", "form, document", "shipments it_is_made_from_json_and_both_kinds_of_forms", decision=11),
    row("8", f"POST {_S}", "zip at once", "shipments who_wants_the_zip_itself_gets_it_from_the_creation", decision=11),
    row("8", f"POST {_S}", "own id", "shipments an_own_id_is_used_when_it_has_our_form", decision=11),
    row("8", f"POST {_S}", "not signed in, level", "shipments who_may_ship", decision=11),
    row("8", f"POST {_S}", "unknown, candidate", "shipments who_may_ship", decision=11),
    row(
        "8",
        f"POST {_S}",
        "unknown recipient",
        "shipments what_cannot_be_shipped_is_refused_and_nothing_is_kept",
        decision=13,
    ),
    row(
        "8",
        "",
        "states",
        "shipments it_is_made_from_json_and_both_kinds_of_forms",
        "shipments it_is_published_by_its_sender_and_stays_so",
        "shipments one_that_failed_says_why",
    ),
    row("8", "", "packaging", "system a_shipment_is_a_valid_bag", decision=11),
)
SUBSTITUTION = (
    row("9", _SUBSTITUTE, "files, erc.yml", "substitution it_holds_the_bases_files_and_the_overlays_file_at_the_root"),
    row(
        "9", _SUBSTITUTE, "name clash", "substitution names_that_are_taken_get_overlay_before_them_until_they_are_free"
    ),
    row("9", _SUBSTITUTE, "document", "substitution its_document_says_how_it_was_made"),
    row(
        "9",
        _SUBSTITUTE,
        "published at once",
        "substitution of_two_published_ones_it_is_published_with_a_whole_history",
        decision=11,
    ),
    row(
        "9", _SUBSTITUTE, "other handling", "substitution other_ways_with_the_metadata_are_refused_at_once", decision=13
    ),
    row("9", _SUBSTITUTE, "400 ids", "substitution compendia_that_are_not_there_or_not_ones_own", decision=11),
    row("9", _SUBSTITUTE, "400 files", "substitution files_that_cannot_be_substituted_leave_nothing_behind"),
    row("9", _SUBSTITUTE, "400 no erc.yml", "substitution the_configuration_that_a_job_made_is_used"),
    row("9", _SUBSTITUTE, "candidates", "substitution with_a_candidate_it_is_a_candidate_of_who_asks", decision=11),
    row("9", _SUBSTITUTE, "a job uses the binds", "binds a_file_takes_the_place_of_another"),
)
_CELLS = "matrix every_cell_of_the_table_is_as_the_table_says"
WEAKNESSES = (
    row("13", "", "files, downloads ask", "files files_of_a_candidate_are_for_those_who_may_see_it", _CELLS),
    row("13", "", "inspection asks", "inspection a_candidate_is_inspected_by_those_who_may_see_it"),
    row("13", "", "bindings ask", "bindings binding_asks_for_rights_and_for_the_file"),
    row("13", "", "search asks", "search candidates_of_others_are_in_no_hit_and_no_total"),
    row(
        "13",
        "",
        "events ask",
        "events a_candidate_is_told_to_its_owner_and_to_nobody_else",
        "stream a_candidates_job_is_not_known_to_others",
    ),
    row("13", "", "levels", "users levels_are_only_moved_below_one_s_own"),
    row("13", "", "shipments ask", "shipments a_shipment_is_seen_by_its_sender_and_editors"),
    row("13", "", "no default secret", "sessions only_the_hash_of_a_cookie_is_kept"),
    row(
        "13",
        "",
        "paths are looked up",
        "files a_path_is_looked_up_and_never_walked",
        "substitution files_that_cannot_be_substituted_leave_nothing_behind",
    ),
    row("13", "", "no shell", "names a_hostile_name_is_refused", "sandbox the_container_is_confined"),
    row("13", "", "no raw query", "search what_is_not_understood_is_refused"),
    row(
        "13",
        "",
        "RData is not loaded",
        "inspection a_pickle_in_an_array_is_not_opened",
        "start the_gateway_reads_no_data_itself",
    ),
    row("13", "", "cross-site writes", "protection no_route_takes_a_write_from_elsewhere_with_a_cookie"),
    row(
        "13",
        "",
        "rates, quotas",
        "rates who_asks_too_often_is_told_when_to_come_again",
        "quotas no_more_bytes_than_allowed_come_in_at_once",
    ),
    row("13", "", "bombs", "zip a_bomb_is_stopped_by_what_comes_out_not_by_what_it_says"),
    row(
        "13",
        "",
        "a restart loses no job",
        "kills a_job_survives_a_kill",
        "desk a_command_is_done_once_however_often_it_comes",
    ),
    row(
        "13",
        "",
        "timeout, cancel",
        "sandbox an_endless_loop_is_stopped_in_time",
        "lifecycle a_job_is_cancelled_wherever_it_is_and_stays_so",
    ),
    row("13", "", "replay", "stream resuming_anywhere_gives_exactly_the_rest"),
    row("13", "", "last writer", "saving of_two_who_read_the_same_one_saves_and_one_is_told"),
    row("13", "", "a failed save changes nothing", "saving what_is_wrong_is_told_with_its_place"),
    row("13", "", "bags are copies", "shipments a_file_is_taken_out_and_the_bag_stays_valid"),
    row("13", "", "extractAndMerge ends", "substitution other_ways_with_the_metadata_are_refused_at_once"),
    row("13", "", "a job without an id", "jobs starting_is_refused_in_the_words_of_the_reference"),
    row(
        "13",
        "",
        "the check's bugs",
        "check text_after_the_first_figure_is_compared",
        "check text_that_only_one_side_has_is_found",
        "check a_change_that_nobody_sees_is_reproduced_and_said",
    ),
    row("13", "", "image of a bag", "archives the_image_comes_from_a_job_else_from_the_author_else_not_at_all"),
    row(
        "13",
        "",
        "all chunks are read",
        "code only_chunks_that_run_count",
        "code r_packages_are_those_that_code_loads_or_names",
    ),
    row("13", "", "dot files below the folder", "workspace the_folder_in_which_everything_lies_is_taken_off"),
    row("13", "", "jobs sorted", "lists jobs_are_listed_by_compendium_owner_and_status"),
    row("13", "", "job filter works", "lists a_job_names_the_compendium_that_it_ran"),
    row("13", "", "jobs of candidates", "jobs jobs_are_listed_by_compendium_user_and_status"),
    row("13", "", "fields of a link's jobs", "links jobs_of_a_link_are_listed_only_by_the_link"),
    row(
        "13",
        "",
        "history, patch",
        "history the_first_revision_is_what_was_read_from_the_files",
        "saving a_patch_changes_members_and_a_candidate_stays_one",
    ),
    row(
        "13",
        "",
        "cancel, rerun",
        "lifecycle a_run_is_cancelled_and_its_container_goes",
        "jobs a_job_is_run_again_as_a_new_one_of_who_asks",
    ),
    row("13", "", "totals", "lists a_total_is_counted_anew_up_to_a_number_and_else_every_few_seconds"),
)
WORK: tuple[Row, ...] = (*JOB, *SHIPMENTS, *SUBSTITUTION, *WEAKNESSES)
