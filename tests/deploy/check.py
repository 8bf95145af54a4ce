"""Checks the files of deploy/ with the tools that read them: `make deploy`. A tool that is missing is an error.

Nothing is started: HAProxy is tested with real switches in tests/operations/haproxy.rs, and the configurations of
switch and wallet server in tests/tools/deployment.rs.
"""

import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

TOP = Path(__file__).resolve().parents[2]
DEPLOY = TOP / "deploy"
TOOLS = Path(sys.executable).parent
# Lower is better; systemd's own word for the best third is "OK".
EXPOSURE_MAX = 2.0

failures = []


def fail(what, why):
    failures.append(what)
    print(f"{what}: FAILED\n{why}", file=sys.stderr)


def run(what, *command, silent=False):
    """Runs a tool, whose exit code has to be 0; with `silent` it must have nothing to say either."""
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode or (silent and done.stdout.strip()):
        fail(what, done.stdout)
    else:
        print(f"{what}: ok")
    return done.stdout


def documents(name):
    text = (DEPLOY / "kubernetes" / name).read_text()
    return [document for document in yaml.safe_load_all(text) if document]


def check_units(folder):
    units = sorted((DEPLOY / "systemd").glob("*.service"))
    verified = []
    for unit in units:
        # The programs are not installed where this runs, nor are the documents.
        text = re.sub(r"^(ExecStart=)\S+", r"\1/bin/true", unit.read_text(), flags=re.MULTILINE)
        text = re.sub(r" ?file:\S+", "", text)
        copy = folder / unit.name
        copy.write_text(text)
        verified.append(copy)
    run("systemd-analyze verify", "systemd-analyze", "verify", "--man=no", *verified, silent=True)
    for unit in units:
        said = run(f"systemd-analyze security {unit.name}", "systemd-analyze", "security", "--offline=true", unit)
        exposure = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
        if not exposure or float(exposure[1]) > EXPOSURE_MAX:
            fail(unit.name, f"exposure {exposure and exposure[1]}, at most {EXPOSURE_MAX}")


def check_balancer(folder):
    run("haproxy -c", "haproxy", "-c", "-f", DEPLOY / "haproxy.cfg")
    # This machine need not have the interface.
    text = (DEPLOY / "keepalived.conf").read_text()
    copy = folder / "keepalived.conf"
    copy.write_text(text.replace("global_defs {", "global_defs {\n    dynamic_interfaces", 1))
    run("keepalived --config-test", "keepalived", "--config-test", "--use-file", copy)


def check_manifests():
    manifests = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    run("yamllint", TOOLS / "yamllint", "--strict", "--config-file", TOP / "tests/deploy/yamllint.yml", *manifests)
    run("kubernetes-validate", TOOLS / "kubernetes-validate", "--strict", "--quiet", *manifests)
    every = [document for manifest in manifests for document in documents(manifest.name)]
    names = {(document["kind"], document["metadata"]["name"]) for document in every}
    for document in every:
        template = document["spec"].get("template") if document["kind"] in ("StatefulSet", "Deployment") else None
        if template:
            check_pods(document, template, names)


def check_pods(document, template, names):
    what = f"{document['kind']} {document['metadata']['name']}"
    labels, selector = template["metadata"]["labels"], document["spec"]["selector"]["matchLabels"]
    if selector.items() - labels.items():
        fail(what, "its selector does not select its pods")
    pod = template["spec"]
    claims = [claim["metadata"]["name"] for claim in document["spec"].get("volumeClaimTemplates", [])]
    volumes = {volume["name"] for volume in pod["volumes"]} | set(claims)
    for volume in pod["volumes"]:
        needed = ("Secret", volume.get("secret", {}).get("secretName")), ("ConfigMap", volume.get("configMap", {}).get("name"))
        for kind, name in needed:
            if name and (kind, name) not in names:
                fail(what, f"no {kind} {name}")
    for container in pod.get("initContainers", []) + pod["containers"]:
        context = container["securityContext"]
        locked = context["readOnlyRootFilesystem"] and not context["allowPrivilegeEscalation"]
        if not locked or context["capabilities"]["drop"] != ["ALL"]:
            fail(what, f"{container['name']} is not locked down")
        missing = {mount["name"] for mount in container["volumeMounts"]} - volumes
        if missing:
            fail(what, f"{container['name']} mounts {missing}")
    if not pod["securityContext"]["runAsNonRoot"]:
        fail(what, "it runs as root")
    if "serviceName" in document["spec"] and ("Service", document["spec"]["serviceName"]) not in names:
        fail(what, f"no service {document['spec']['serviceName']}")
    print(f"{what}: ok")


def flags(words):
    """The flags of a command line, with `--name value` and `--name=value` alike."""
    found = {}
    for word in words:
        if word.startswith("--"):
            name, _, value = word.partition("=")
            found[name] = value
        elif found:
            found[list(found)[-1]] = word
    return found


def check_etcd():
    """What the documents promise of etcd is the same under systemd and in Kubernetes."""
    text = (DEPLOY / "systemd/tessera-etcd.service").read_text().replace("\\\n", " ")
    unit = flags(shlex.split(re.search(r"^ExecStart=\S+ (.*)$", text, re.MULTILINE)[1]))
    [stateful] = [document for document in documents("etcd.yaml") if document["kind"] == "StatefulSet"]
    pod = flags(stateful["spec"]["template"]["spec"]["containers"][0]["command"])
    for name, value in unit.items():
        is_path = value.startswith("/")
        if name not in pod or (not is_path and pod[name] != value):
            fail("etcd", f"{name} is {value!r} in the unit and {pod.get(name)!r} in Kubernetes")
    promised = {"--snapshot-count": "500", "--snapshot-catchup-entries": "300", "--quota-backend-bytes": str(4 << 30)}
    if promised.items() - unit.items():
        fail("etcd", f"not as promised: {promised.items() - unit.items()}")
    members = pod["--initial-cluster"].split(",")
    if len(members) != stateful["spec"]["replicas"] or " " in pod["--initial-cluster"]:
        fail("etcd", pod["--initial-cluster"])
    print("etcd's flags: ok")


def check_certificates(folder):
    certificates = folder / "certificates"
    run("certificates.sh", DEPLOY / "certificates.sh", certificates, "switch.example", "n1.example", "n2.example")
    authorities = certificates / "authorities"
    for authority, purpose, names in [
        ("cluster-ca", "sslserver", ("n1.example/etcd", "n2.example/node")),
        ("cluster-ca", "sslclient", ("n1.example/etcd", "n2.example/node")),
        ("leased-ca", "sslserver", ("n1.example/switch",)),
        ("leased-ca", "sslclient", ("wallet-server/wallet-server",)),
    ]:
        for name in names:
            authority_file = authorities / f"{authority}.pem"
            certificate = certificates / f"{name}.pem"
            run(f"{name}.pem", "openssl", "verify", "-purpose", purpose, "-CAfile", authority_file, certificate)


def main():
    scripts = [DEPLOY / "certificates.sh", *(DEPLOY / "debian" / name for name in ("postinst", "prerm", "postrm"))]
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        check_units(folder)
        check_balancer(folder)
        check_certificates(folder)
    run("shellcheck", "shellcheck", *scripts)
    run("hadolint", TOOLS / "hadolint", DEPLOY / "Dockerfile")
    check_manifests()
    check_etcd()
    if failures:
        sys.exit(f"deploy: {len(failures)} failed: {', '.join(failures)}")
    print("deploy: everything is as its tools want it")


main()
