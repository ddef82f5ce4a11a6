"""Redshift's system views that local Redshift has not: they tell of what it does not do, or does not keep.

Source: https://docs.aws.amazon.com/redshift/latest/dg/cm_chap_system-tables.html
"""

from __future__ import annotations

_NAMES = {
    "stl": (
        "aggr alert_event_log analyze analyze_compression backup_leader bcast commit_stats connection_log "
        "delete disk_full_diag dist error explain file_scan hash hashjoin insert limit mergejoin nestloop "
        "parse plan_info project query_metrics replacements restarted_sessions return s3client s3client_error "
        "save scan sessions sort sshclient_error stream_segs tr_conflict undone unique unload_log "
        "usage_control userlog utilitytext vacuum window wlm_error wlm_query"
    ),
    "stv": (
        "active_cursors blocklist cursor_configuration exec_state gui_status inflight load_state locks "
        "ml_model_info mv_deps node_storage_capacity partitions query_metrics recents slices "
        "startup_recovery_state tbl_perm tbl_trans wlm_classification_config wlm_qmr_config "
        "wlm_query_queue_state wlm_query_state wlm_query_task_state wlm_service_class_config "
        "wlm_service_class_state xrestore_alter_queue_state"
    ),
    "svl": (
        "auto_worker_action compile concurrency_scaling_usage datashare_change_log fed_query "
        "mv_refresh_status qerror query_metrics query_metrics_summary query_queue_info query_report "
        "query_summary restore_alter_table_progress s3list s3log s3partition s3partition_summary s3query "
        "s3query_summary s3retries spatial_simplify stored_proc_call stored_proc_messages terminate udf_log "
        "user_info user_activity vacuum_percentage"
    ),
    "svv": (
        "alter_table_recommendations attached_masking_policy column_privileges copy_job_integrations "
        "database_privileges datashare_consumers datashare_objects datashares default_privileges diskusage "
        "external_partitions function_privileges iam_privileges identity_providers "
        "integration interleaved_columns language_privileges masking_policy ml_model_info ml_model_privileges "
        "mv_dependency query_inflight query_state redshift_functions rls_applied_policy "
        "rls_attached_policy rls_policy rls_relation role_grants roles schema_quota_state sem_usage "
        "system_privileges transactions user_grants user_info vacuum_progress vacuum_summary"
    ),
    "sys": (
        "analyze_compression_history analyze_history applied_masking_policy_log auto_table_optimization "
        "child_query_text connection_log copy_job copy_replacements datashare_change_log "
        "datashare_cross_region_usage datashare_usage_consumer datashare_usage_producer external_query_detail "
        "external_query_error integration_activity integration_table_state_change materialized_view_alter "
        "mv_refresh_history mv_state procedure_call procedure_messages query_detail query_explain "
        "redshift_template_usage restore_log restore_state schema_quota_violations serverless_usage "
        "session_history spatial_simplify stream_scan_errors stream_scan_states transaction_history udf_log "
        "unload_detail unload_history userlog vacuum_history"
    ),
}
"""Names by their prefix."""


def is_absent_view(schema: str | None, name: str) -> bool:
    """Tell whether `name` is a system view of Redshift that local Redshift has not."""
    prefix, _, rest = name.partition("_")
    return schema in (None, "pg_catalog") and rest in _NAMES.get(prefix, "").split()
