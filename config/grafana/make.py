"""Writes the dashboards of this folder: `python3 config/grafana/make.py`. With `--check` it writes nothing, and fails
where a file is not what it would write.

A dashboard is a list of rows; a row is a heading with panels, which fill lines of 24 columns from left to right. The
queries take the data source and the instances that are chosen above the dashboard.
"""

import json
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
DATA_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
COLUMNS = 24
# What is chosen above the dashboard.
HERE = 'instance=~"$instance"'
# As in config/prometheus.yml. Both programs have these metrics.
SWITCH_JOB, WALLET_JOB = 'job="tessera"', 'job="tessera-wallet"'
SERVER_ERRORS = 'status=~"5.."'
BURNS = ["5m", "30m", "1h", "6h", "3d"]
# What 99.9% leaves.
BUDGET = 0.001
GREEN, ORANGE, RED = "green", "orange", "red"


def target(number, expr, legend, instant):
    named = {"refId": chr(ord("A") + number), "datasource": DATA_SOURCE, "expr": expr, "legendFormat": legend}
    return named | ({"instant": True, "format": "table"} if instant else {"range": True})


def panel(kind, title, about, queries, width, height, options, defaults, instant=False):
    return {
        "type": kind,
        "title": title,
        "description": about,
        "datasource": DATA_SOURCE,
        "gridPos": {"w": width, "h": height},
        "targets": [target(number, expr, legend, instant) for number, (expr, legend) in enumerate(queries)],
        "options": options,
        "fieldConfig": {"defaults": defaults, "overrides": []},
    }


def graph(title, unit, *queries, about="", width=8, stacked=False, most=None):
    """Lines over time. `most` is the largest value that there can be."""
    options = {
        "legend": {"displayMode": "table", "placement": "bottom", "showLegend": True, "calcs": ["lastNotNull", "max"]},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    custom = {"fillOpacity": 10, "lineWidth": 1, "showPoints": "never"}
    if stacked:
        custom |= {"fillOpacity": 40, "stacking": {"mode": "normal", "group": "A"}}
    defaults = {"unit": unit, "min": 0, "custom": custom}
    if most is not None:
        defaults["max"] = most
    return panel("timeseries", title, about, queries, width, 8, options, defaults)


def figure(title, unit, expr, steps, about="", legend="", width=4, decimals=None):
    """The newest value, coloured by steps: the colour below the first, then (from, colour)."""
    options = {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "colorMode": "value",
        "graphMode": "area",
        "textMode": "auto",
        "justifyMode": "auto",
        "orientation": "auto",
    }
    first, *others = steps
    levels = [{"value": None, "color": first}, *({"value": value, "color": color} for value, color in others)]
    defaults = {"unit": unit, "thresholds": {"mode": "absolute", "steps": levels}}
    if decimals is not None:
        defaults["decimals"] = decimals
    return panel("stat", title, about, [(expr, legend)], width, 5, options, defaults)


def table(title, expr, hidden, about="", width=12, height=8):
    """The newest series, without the columns that are hidden."""
    options = {"showHeader": True, "cellHeight": "sm"}
    made = panel("table", title, about, [(expr, "")], width, height, options, {}, instant=True)
    excluded = {name: True for name in hidden}
    made["transformations"] = [{"id": "organize", "options": {"excludeByName": excluded}}]
    return made


def rate(metric, by, labels=""):
    selector = ",".join(filter(None, [HERE, labels]))
    return f"sum by ({by}) (rate({metric}{{{selector}}}[$__rate_interval]))"


def increase(metric, by, labels=""):
    return rate(metric, by, labels).replace("(rate(", "(increase(", 1)


def quantile(share, metric, by="", labels=""):
    return f"histogram_quantile({share}, {rate(f'{metric}_bucket', f'le, {by}' if by else 'le', labels)})"


def quantiles(metric, labels=""):
    return [(quantile(share, metric, labels=labels), name) for share, name in
            [(0.5, "half"), (0.9, "90%"), (0.99, "99%"), (0.999, "99.9%")]]


def mean(metric):
    return f"{rate(f'{metric}_sum', 'instance')} / {rate(f'{metric}_count', 'instance')}"


def now(metric, labels=""):
    return f"{metric}{{{','.join(filter(None, [HERE, labels]))}}}"


def firing(where):
    return table("Alerts that fire", f'ALERTS{{alertstate="firing",alertname=~"{where}"}}',
                 ["Time", "Value", "__name__", "alertstate", "job"], about="docs/alerts.md says what to do.")


def objective(name, series):
    """How well an objective is met, and what is left of its error budget."""
    return [
        figure(f"{name}, 30 days", "percentunit", f"1 - {series}30d", [RED, (1 - BUDGET, GREEN)], decimals=3,
               about="The objective is 99.9%."),
        figure("Error budget left", "percentunit", f"1 - {series}30d / {BUDGET}",
               [RED, (0, ORANGE), (0.25, GREEN)], about="Of the 0.1% that may go wrong in 30 days.", decimals=0),
    ]


def burning(name, series):
    """How fast its error budget is used up."""
    return graph(f"{name}: rate at which the error budget is used up", "none",
                 *[(f"{series}{window} / {BUDGET}", window) for window in BURNS], width=12,
                 about="At 1 the budget of 30 days lasts for 30 days. Alerts: 14.4 over an hour, 6 over six, 1 over three days.")


LATE = "tessera:approvals_late:ratio_rate"
DOWN = "tessera:not_serving:ratio"

PAYMENTS = [
    ("Objectives", [
        *objective("Approvals in time", LATE),
        *objective("Availability", DOWN),
        figure("Purchases and authorizations", "reqps", "tessera:approvals:rate5m", [GREEN]),
        figure("Oldest unacknowledged advice", "s", f"max({now('tessera_store_and_forward_oldest_seconds')})",
               [GREEN, (60, ORANGE), (600, RED)]),
        burning("Approvals in time", LATE),
        burning("Availability", DOWN),
        firing("Host.*|Advices.*|Settlement.*|Purchases.*|Originals.*|Notifications.*|DeadLetters|TransactionsDisputed|.*Budget.*|Switch.*"),
        graph("Requests without an answer", "none",
              (f"sum by (instance) ({now('tessera_requests_in_flight')})", "{{instance}}"),
              (f"sum by (party) ({now('tessera_party_requests_in_flight')})", "{{party}}"), width=12),
    ]),
    ("Requests", [
        graph("Requests by kind", "reqps", (rate("tessera_requests_total", "kind"), "{{kind}}"), stacked=True),
        graph("Answers by code", "reqps", (rate("tessera_answers_total", "code"), "{{code}}"), stacked=True,
              about="Field 39. 91: the financial system is not reachable; 96: a fault of the switch."),
        graph("Approved, of all purchases and authorizations", "percentunit",
              (rate("tessera_answers_total", "kind", 'kind=~"purchase|authorization",code=~"00|10"')
               + " / " + rate("tessera_answers_total", "kind", 'kind=~"purchase|authorization"'), "{{kind}}"), most=1),
        graph("Declines by rule, the ten most frequent", "reqps",
              (f"topk(10, {rate('tessera_declines_total', 'code, reason')})", "{{code}} {{reason}}"), width=12,
              about="docs/declines.md has all rules."),
        graph("Originals that were not found", "none",
              (increase("tessera_originals_not_found_total", "kind"), "{{kind}}"), width=12,
              about="Reversals, completions and refunds that match no transaction, or several: nothing was changed."),
    ]),
    ("Times", [
        graph("Purchases", "s", *quantiles("tessera_request_duration_seconds", 'kind="purchase"'),
              about="From the frame to its answer, with the wait for the payer's agreement and for the financial system."),
        graph("99% of each kind", "s", (quantile(0.99, "tessera_request_duration_seconds", "kind"), "{{kind}}")),
        graph("99% of each stage", "s", (quantile(0.99, "tessera_stage_duration_seconds", "stage"), "{{stage}}"),
              about="decide: frame to event. journal: event to its durability. host: hold to the financial system's answer."),
        graph("Purchases that waited for their order", "s", *quantiles("tessera_order_wait_seconds"),
              about="Until the payer has agreed, or order_wait is over."),
        graph("Late purchases and authorizations", "percentunit", (f"{LATE}5m", "of 5 minutes"), (f"{LATE}1h", "of an hour"),
              about="Took more than 5 seconds."),
    ]),
    ("Financial system", [
        graph("Lines that are up", "none", (f"sum by (instance, worker) ({now('tessera_host_line_up')})", "{{instance}} {{worker}}"),
              about="Of each worker. At 0 its requests use lines of other workers."),
        graph("Requests", "reqps", (rate("tessera_host_requests_total", "instance"), "sent {{instance}}"),
              (rate("tessera_host_requests_borrowed_total", "instance"), "over a line of another worker {{instance}}"),
              (rate("tessera_host_outcomes_total", "outcome"), "{{outcome}}")),
        graph("Requests without an answer", "none",
              (f"sum by (instance) ({now('tessera_host_requests_in_flight')})", "{{instance}}")),
        graph("Troubles", "none", (increase("tessera_host_reconnects_total", "instance"), "lines lost {{instance}}"),
              (increase("tessera_host_sign_on_failures_total", "instance"), "sign-ons failed {{instance}}"),
              (increase("tessera_host_answers_contradicting_total", "instance"), "answers contradict {{instance}}"),
              (increase("tessera_host_answers_unmatched_total", "reason"), "answers {{reason}}"),
              (increase("tessera_host_frames_unreadable_total", "instance"), "frames unreadable {{instance}}"),
              (increase("tessera_host_requests_refused_total", "instance"), "its requests refused {{instance}}")),
        graph("Advices that wait", "none",
              (f"sum by (instance) ({now('tessera_store_and_forward_depth')})", "unacknowledged {{instance}}"),
              (f"sum by (instance) ({now('tessera_store_and_forward_in_flight')})", "of these, sent {{instance}}"),
              (now("tessera_store_and_forward_dead"), "given up {{instance}}")),
        graph("Age of the oldest advice", "s",
              (f"max by (instance) ({now('tessera_store_and_forward_oldest_seconds')})", "unacknowledged {{instance}}"),
              (now("tessera_store_and_forward_dead_oldest_seconds"), "given up {{instance}}")),
        graph("Advices sent again, and refused", "reqps",
              (rate("tessera_store_and_forward_repeats_total", "instance"), "sent again {{instance}}"),
              (rate("tessera_store_and_forward_refused_total", "instance"), "refused {{instance}}")),
        graph("Totals of settlement dates", "none",
              (increase("tessera_host_totals_total", "outcome"), "{{outcome}}"),
              (now("tessera_host_settlement_dates_open"), "dates not agreed upon {{instance}}")),
    ]),
    ("Notifications to payers", [
        graph("Messages", "reqps", (rate("tessera_notifications_total", "channel, result"), "{{channel}} {{result}}")),
        graph("Messages that wait", "none",
              (f"sum by (channel) ({now('tessera_notifications_waiting')})", "{{channel}}"),
              (now("tessera_notifications_dead"), "given up {{instance}}")),
        graph("Oldest message that waits", "s",
              (f"max by (channel) ({now('tessera_notifications_oldest_seconds')})", "{{channel}}")),
        graph("Events that the outbox has not read", "none", (now("tessera_notifications_behind_events"), "{{instance}}")),
        graph("Notifications have stopped", "bool_yes_no", (now("tessera_notifications_stopped"), "{{instance}}"), most=1),
    ]),
    ("Webhooks of parties", [
        graph("Events", "reqps", (rate("tessera_webhooks_total", "result"), "{{result}}")),
        graph("Events that wait", "none",
              (f"sum by (party) ({now('tessera_webhooks_waiting')})", "{{party}}"),
              (now("tessera_webhooks_dead"), "given up {{instance}}")),
        graph("Oldest event that waits", "s",
              (f"max by (party) ({now('tessera_webhooks_oldest_seconds')})", "{{party}}")),
        graph("Events that webhooks have not read", "none", (now("tessera_webhooks_behind_events"), "{{instance}}")),
        graph("Webhooks have stopped", "bool_yes_no", (now("tessera_webhooks_stopped"), "{{instance}}"), most=1),
    ]),
]

SWITCH = [
    ("State", [
        figure("A switch serves", "bool_yes_no", "tessera:serving:max", [RED, (1, GREEN)]),
        figure("Switches that give metrics", "none", f"sum({now('up', SWITCH_JOB)})", [RED, (1, GREEN)]),
        figure("Runs since", "s", f"time() - {now('process_start_time_seconds', SWITCH_JOB)}", [GREEN], legend="{{instance}}"),
        figure("Clock behind", "s", f"max({now('tessera_clock_behind_seconds')})", [GREEN, (0.5, ORANGE)]),
        figure("No new data key", "bool_yes_no", f"max({now('tessera_data_key_renewal_failing')})", [GREEN, (1, ORANGE)]),
        figure("First certificate to expire", "s",
               f"min({now('tessera_certificate_not_after_timestamp_seconds')}) - time()",
               [RED, (0, ORANGE), (14 * 86400, GREEN)]),
        firing(".*"),
        table("Versions", now("tessera_build_info"), ["Time", "Value", "__name__", "job"]),
    ]),
    ("Process", [
        graph("Processor", "none", (f"rate({now('process_cpu_seconds_total', SWITCH_JOB)}[$__rate_interval])", "{{instance}}"),
              about="In cores."),
        graph("Memory", "bytes", (now("process_resident_memory_bytes", SWITCH_JOB), "{{instance}}")),
        graph("Open files and connections", "none", (now("process_open_fds", SWITCH_JOB), "{{instance}}")),
        graph("Log lines that were not written", "none",
              (increase("tessera_log_lines_lost_total", "instance", SWITCH_JOB), "lost {{instance}}"),
              (increase("tessera_log_lines_suppressed_total", "kind", SWITCH_JOB), "too many: {{kind}}")),
        graph("Wallets in memory", "none", (now("tessera_wallet_actors_active"), "{{instance}}")),
        graph("Wallets started and stopped", "reqps",
              (rate("tessera_wallet_actors_started_total", "instance"), "started {{instance}}"),
              (rate("tessera_wallet_actors_stopped_total", "instance"), "stopped {{instance}}")),
        graph("Queues", "none", (f"sum by (queue) ({now('tessera_queue_depth')})", "{{queue}}"), width=24,
              about="gate: effects that wait for the journal. inbox: commands of other workers. orders: purchases that wait for their order."),
    ]),
    ("Disk", [
        graph("Free space", "bytes", (now("tessera_disk_free_bytes"), "{{instance}} {{folder}}")),
        graph("Free share", "percentunit",
              (f"{now('tessera_disk_free_bytes')} / {now('tessera_disk_size_bytes')}", "{{instance}} {{folder}}"), most=1),
        graph("Days until it is full, as in the last six hours", "d",
              (f"{now('tessera_disk_free_bytes')} / -(deriv({now('tessera_disk_free_bytes')}[6h]) * 86400 < 0)",
               "{{instance}} {{folder}}")),
        graph("Journal, archive and full snapshot", "bytes", (now("tessera_journal_segment_bytes"), "journal {{instance}}"),
              (now("tessera_archive_bytes"), "archive {{instance}}"),
              (now("tessera_full_snapshot_bytes"), "newest full snapshot {{instance}}")),
        graph("Cannot write", "bool_yes_no", (now("tessera_store_paused"), "checkpoints {{instance}}"),
              (now("tessera_archive_failing"), "archive {{instance}}"), most=1),
        graph("Full snapshots", "s",
              (f"time() - ({now('tessera_full_snapshot_timestamp_seconds')} > 0)", "age of the newest {{instance}}"),
              (f"{increase('tessera_full_snapshot_failures_total', 'instance')} * 60", "failures, a minute each {{instance}}"),
              about="After a failure the switch tries again after a minute."),
    ]),
    ("Journal and store", [
        graph("Events", "reqps", (f"deriv({now('tessera_journal_durable_sequence')}[$__rate_interval])", "{{instance}}")),
        graph("Events that are not durable yet", "none",
              (f"{now('tessera_journal_appended_sequence')} - {now('tessera_journal_durable_sequence')}", "{{instance}}")),
        graph("Bytes that wait for the next write", "bytes", (now("tessera_journal_gathered_bytes"), "{{instance}}")),
        graph("Time of a sync", "s", *quantiles("tessera_journal_sync_seconds")),
        graph("Time of a write", "s", *quantiles("tessera_journal_write_seconds")),
        graph("Events in a batch", "none", (mean("tessera_journal_batch_records"), "mean {{instance}}"),
              (quantile(0.99, "tessera_journal_batch_records"), "99%")),
        graph("Bytes of a batch", "bytes", (mean("tessera_journal_batch_bytes"), "mean {{instance}}"),
              (quantile(0.99, "tessera_journal_batch_bytes"), "99%")),
        graph("Events that a restart would replay", "none",
              (f"{now('tessera_journal_durable_sequence')} - {now('tessera_store_checkpoint_sequence')}", "{{instance}}")),
        graph("Time of a checkpoint", "s", *quantiles("tessera_store_checkpoint_seconds")),
        graph("Wallets written to the store", "reqps", (rate("tessera_store_wallets_written_total", "instance"), "{{instance}}")),
    ]),
    ("Connections", [
        graph("Connections of parties", "none", (f"sum by (party) ({now('tessera_party_connections')})", "{{party}}"),
              (f"sum({now('tessera_connections_not_signed_on')})", "not signed on")),
        graph("Accepted", "reqps", (rate("tessera_connections_accepted_total", "instance"), "{{instance}}")),
        graph("Closed by reason", "none", (increase("tessera_connections_closed_total", "reason"), "{{reason}}")),
        graph("Refused by reason", "none", (increase("tessera_connections_refused_total", "reason"), "{{reason}}")),
        graph("Frames that were refused, by reason", "none", (increase("tessera_frames_refused_total", "reason"), "{{reason}}")),
        graph("Parties: MACs, sign-ons, keys", "none",
              (increase("tessera_party_mac_failures_total", "party"), "wrong MAC {{party}}"),
              (increase("tessera_party_sign_ons_refused_total", "party"), "sign-on refused {{party}}"),
              (increase("tessera_party_key_changes_total", "party, outcome"), "key {{outcome}} {{party}}")),
        graph("Certificates expire in", "s",
              (f"min by (line) ({now('tessera_certificate_not_after_timestamp_seconds')}) - time()", "{{line}}"), width=12),
        graph("Reloads", "none", (increase("tessera_reloads_total", "outcome"), "{{outcome}}"), width=12),
    ]),
    ("Cluster", [
        graph("Active, and able to take over", "bool_yes_no", (now("tessera_cluster_active"), "active {{instance}}"),
              (now("tessera_cluster_can_take_over"), "able {{instance}}"), most=1),
        graph("Nodes, as the active one sees them", "none",
              (f"{now('tessera_cluster_standbys')} and on (instance) {now('tessera_cluster_active')} == 1", "standbys"),
              (f"{now('tessera_cluster_nodes_differing')} and on (instance) {now('tessera_cluster_active')} == 1", "that differ")),
        graph("Epoch", "none", (now("tessera_cluster_epoch"), "{{instance}}"), about="Rises by one with each take-over."),
        graph("Entries behind", "none", (now("tessera_cluster_entries_behind"), "{{instance}}")),
        graph("Time behind", "s", (now("tessera_cluster_lag_seconds"), "{{instance}}")),
        graph("Bytes behind, and on no second node", "bytes", (now("tessera_cluster_lag_bytes"), "behind {{instance}}"),
              (now("tessera_cluster_window_bytes"), "on no second node {{instance}}"),
              about="When 1 GiB is on no second node, nothing more is approved."),
        graph("Time until the log has a batch", "s", *quantiles("tessera_cluster_commit_seconds")),
        graph("etcd: members", "none", (f"min({now('tessera_cluster_etcd_members_up')})", "up, as the worst node sees it"),
              (f"max({now('tessera_cluster_etcd_members')})", "members"),
              (f"max({now('tessera_cluster_etcd_alarms')})", "alarms")),
        graph("etcd: database", "bytes", (f"max({now('tessera_cluster_etcd_database_bytes')})", "largest")),
        graph("etcd: changes of the leader", "none",
              (f"changes({now('tessera_cluster_etcd_leader_changes')}[$__rate_interval])", "{{instance}}"), width=24),
    ]),
]

WALLET_SERVER = [
    ("State", [
        figure("Wallet servers that give metrics", "none", f"sum({now('up', WALLET_JOB)})", [RED, (1, GREEN)], width=6),
        figure("Lines to the switch", "none", now("tessera_wallet_lines_up"), [RED, (1, GREEN)], legend="{{instance}}", width=6),
        figure("Answers 5xx, last 5 minutes", "percentunit",
               f'(sum(rate({now("tessera_wallet_requests_total", SERVER_ERRORS)}[5m])) or vector(0))'
               f' / sum(rate({now("tessera_wallet_requests_total")}[5m]))',
               [GREEN, (0.001, ORANGE), (0.01, RED)], width=6, decimals=2),
        figure("Open live pages", "none", f"sum({now('tessera_wallet_live_views')})", [GREEN], width=6),
        firing("Wallet.*|LogLinesLost"),
        graph("Lines to the switch", "none", (now("tessera_wallet_lines_up"), "{{instance}}"), width=12),
    ]),
    ("Pages", [
        graph("Requests by status", "reqps", (rate("tessera_wallet_requests_total", "status"), "{{status}}"), stacked=True),
        graph("Requests by route, the ten most frequent", "reqps",
              (f"topk(10, {rate('tessera_wallet_requests_total', 'method, route')})", "{{method}} {{route}}")),
        graph("Answers 4xx and 5xx by route", "reqps",
              (rate("tessera_wallet_requests_total", "route, status", 'status=~"[45].."'), "{{status}} {{route}}")),
        graph("Time to the first byte", "s", *quantiles("tessera_wallet_request_seconds")),
        graph("99% of each route, the ten slowest", "s",
              (f"topk(10, {quantile(0.99, 'tessera_wallet_request_seconds', 'route')})", "{{route}}")),
        graph("Open live pages", "none", (now("tessera_wallet_live_views"), "{{instance}}")),
    ]),
    ("Operations at the switch", [
        graph("By operation, the ten most frequent", "reqps",
              (f"topk(10, {rate('tessera_wallet_operations_total', 'operation')})", "{{operation}}")),
        graph("By code", "reqps", (rate("tessera_wallet_operations_total", "code"), "{{code}}"), stacked=True),
        graph("99% of each operation, the ten slowest", "s",
              (f"topk(10, {quantile(0.99, 'tessera_wallet_operation_seconds', 'operation')})", "{{operation}}")),
    ]),
    ("Process", [
        graph("Log lines that were not written", "none",
              (increase("tessera_log_lines_lost_total", "instance", WALLET_JOB), "lost {{instance}}"),
              (increase("tessera_log_lines_suppressed_total", "kind", WALLET_JOB), "too many: {{kind}}"), width=12),
        graph("Reloads", "none", (increase("tessera_wallet_reloads_total", "outcome"), "{{outcome}}"), width=12),
    ]),
]


def placed(rows):
    """The panels with their numbers and places."""
    made, top = [], 0
    for title, panels in rows:
        made.append({"type": "row", "title": title, "collapsed": False, "panels": [],
                     "gridPos": {"x": 0, "y": top, "w": COLUMNS, "h": 1}})
        left, top, line = 0, top + 1, 0
        for one in panels:
            size = one["gridPos"]
            if left + size["w"] > COLUMNS:
                left, top, line = 0, top + line, 0
            made.append(one | {"gridPos": {"x": left, "y": top, **size}})
            left, line = left + size["w"], max(line, size["h"])
        top += line
    return [one | {"id": number} for number, one in enumerate(made, 1)]


def dashboard(name, title, about, instances, rows):
    variable = {"hide": 0, "skipUrlSync": False}
    return {
        "uid": f"tessera-{name}",
        "title": title,
        "description": about,
        "tags": ["tessera"],
        "timezone": "browser",
        "editable": True,
        "graphTooltip": 1,
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "links": [{"title": "Tessera", "type": "dashboards", "tags": ["tessera"], "icon": "external link", "tooltip": "",
                   "asDropdown": True, "targetBlank": False, "includeVars": False, "keepTime": True}],
        "templating": {"list": [
            variable | {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"},
            variable | {"name": "instance", "label": "Instance", "type": "query", "datasource": DATA_SOURCE,
                        "query": f"label_values({instances}, instance)", "refresh": 2, "sort": 1, "multi": True,
                        "includeAll": True, "allValue": ".*", "current": {"text": "All", "value": "$__all"}},
        ]},
        "panels": placed(rows),
    }


DASHBOARDS = [
    dashboard("payments", "Tessera: payments", "What parties and payers notice.", "tessera_build_info", PAYMENTS),
    dashboard("switch", "Tessera: switch", "The process of the switch, its disk and its cluster.", "tessera_build_info", SWITCH),
    dashboard("wallet-server", "Tessera: wallet server", "The payers' pages.", "tessera_wallet_lines_up", WALLET_SERVER),
]


def main():
    stale = []
    for made in DASHBOARDS:
        path = FOLDER / f"{made['uid'].removeprefix('tessera-')}.json"
        text = json.dumps(made, indent=1) + "\n"
        if "--check" not in sys.argv:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            stale.append(path.name)
    if stale:
        sys.exit(f"not what config/grafana/make.py writes: {', '.join(stale)}. Run it again.")


if __name__ == "__main__":
    main()
