"""deploy/kubernetes: the published schemas, the restricted profile, and a configuration that edgemint takes."""

import os
import re
import secrets
import subprocess
import tempfile
import tomllib
import unittest
from pathlib import Path

import jsonpatch
import kubernetes_validate
import yaml

import terraform_files
from deploy_files import DEPLOY, ROOT, run, said

FOLDER = DEPLOY / "kubernetes"
# kustomize's own kind, which is in no schema of Kubernetes.
KUSTOMIZATION = FOLDER / "kustomization.yaml"
MOUNTED = FOLDER / "mounted-keyring"
# Of what the manifests say they need, and the newest.
VERSIONS = ("1.31", "1.37")
MANIFESTS = sorted(set(FOLDER.glob("*.yaml")) - {KUSTOMIZATION})
OBJECTS = {
    (one["kind"], one["metadata"]["name"]): one
    for file in MANIFESTS for one in yaml.safe_load_all(file.read_text())
}
DEPLOYMENT = OBJECTS["Deployment", "edgemint"]["spec"]
JOB = OBJECTS["CronJob", "edgemint-advance"]["spec"]["jobTemplate"]["spec"]
PODS = {"server": DEPLOYMENT["template"], "advance": JOB["template"]}
CONFIGURATION = (FOLDER / "edgemint.toml").read_text()
SETTINGS = tomllib.loads(CONFIGURATION)


def container(name: str) -> dict:
    (one,) = PODS[name]["spec"]["containers"]
    return one


def seconds(text: str) -> int:
    return int(re.fullmatch(r"(\d+)s", text)[1])


class Manifests(unittest.TestCase):
    def test_schemas_of_kubernetes(self):
        for version in VERSIONS:
            done = run("kubernetes-validate", "--strict", "--kubernetes-version", version, *MANIFESTS)
            passed = re.findall(f"passed for resource .* against version {version}\n", done.stdout + done.stderr)
            self.assertEqual((done.returncode, len(passed)), (0, len(OBJECTS)), said(done))

    def test_yaml_is_tidy(self):
        rules = ROOT / "tests" / "deploy" / "yamllint.yaml"
        done = run("yamllint", "--strict", "--config-file", rules, FOLDER, DEPLOY / "cloudformation")
        self.assertEqual(done.returncode, 0, said(done))

    def test_kustomization_names_every_file(self):
        found = yaml.safe_load(KUSTOMIZATION.read_text())
        self.assertEqual(sorted(found["resources"]), [file.name for file in MANIFESTS])
        self.assertEqual(found["configMapGenerator"], [{"name": "edgemint", "files": ["edgemint.toml"]}])
        self.assertEqual(found["namespace"], OBJECTS["Namespace", "edgemint"]["metadata"]["name"])

    def test_the_image_is_this_version(self):
        (image,) = yaml.safe_load(KUSTOMIZATION.read_text())["images"]
        package = tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]
        self.assertEqual((image["name"], image["newTag"]), ("edgemint", package["version"]))
        self.assertEqual({container(name)["image"] for name in PODS}, {"edgemint"})


class Pods(unittest.TestCase):
    def test_pod_security_standard_restricted(self):
        """The controls of the profile "restricted", one by one."""
        for name, pod in PODS.items():
            with self.subTest(name):
                spec, inner = pod["spec"], container(name)["securityContext"]
                self.assertFalse(spec.keys() & {"hostNetwork", "hostPID", "hostIPC", "hostUsers"})
                self.assertNotIn("initContainers", spec)
                self.assertIs(spec["securityContext"]["runAsNonRoot"], True)
                self.assertGreater(spec["securityContext"]["runAsUser"], 0)
                self.assertEqual(spec["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"})
                self.assertEqual(inner, {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                })
                self.assertEqual([volume.keys() for volume in spec["volumes"]], [{"name", "configMap"}])
        labels = OBJECTS["Namespace", "edgemint"]["metadata"]["labels"]
        self.assertEqual(labels["pod-security.kubernetes.io/enforce"], "restricted")

    def test_secrets_are_only_referred_to(self):
        self.assertFalse([kind for kind, _ in OBJECTS if kind == "Secret"])
        needed = set(re.findall(r'env = "(\w+)"', CONFIGURATION))
        for name in PODS:
            with self.subTest(name):
                environment = {one["name"]: one for one in container(name)["env"]}
                self.assertEqual(environment.keys() - {"AWS_REGION", "EDGEMINT_KEYRING__STORE"}, needed)
                secret = terraform_files.named("variable")["keyring_secret"]["default"]
                self.assertEqual(environment["EDGEMINT_KEYRING__STORE"]["value"], f"secretsmanager:{secret}")
                for variable in needed:
                    reference = environment[variable]["valueFrom"]["secretKeyRef"]
                    self.assertEqual(reference["name"], "edgemint")

    def test_accounts_are_two_and_have_no_token(self):
        accounts = {name: pod["spec"]["serviceAccountName"] for name, pod in PODS.items()}
        self.assertEqual(accounts, {"server": "edgemint", "advance": "edgemint-rotate"})
        for name, account in accounts.items():
            self.assertIs(PODS[name]["spec"]["automountServiceAccountToken"], False)
            self.assertIs(OBJECTS["ServiceAccount", account]["automountServiceAccountToken"], False)

    def test_labels_lead_to_their_pods(self):
        labels = {name: pod["metadata"]["labels"] for name, pod in PODS.items()}
        spread = PODS["server"]["spec"]["topologySpreadConstraints"]
        servers = [
            DEPLOYMENT["selector"]["matchLabels"],
            OBJECTS["Service", "edgemint"]["spec"]["selector"],
            OBJECTS["PodDisruptionBudget", "edgemint"]["spec"]["selector"]["matchLabels"],
            *(one["labelSelector"]["matchLabels"] for one in spread),
        ]
        for selector in servers:
            self.assertLessEqual(selector.items(), labels["server"].items())
            self.assertFalse(selector.items() <= labels["advance"].items(), "a job is no server")
        for policy in ("edgemint-in", "edgemint-out"):
            selector = OBJECTS["NetworkPolicy", policy]["spec"]["podSelector"]["matchLabels"]
            for name in PODS:
                self.assertLessEqual(selector.items(), labels[name].items())


class Serving(unittest.TestCase):
    def test_one_instance_is_always_there(self):
        self.assertGreaterEqual(DEPLOYMENT["replicas"], 2)
        self.assertEqual(DEPLOYMENT["strategy"]["rollingUpdate"]["maxUnavailable"], 0)
        self.assertEqual(OBJECTS["PodDisruptionBudget", "edgemint"]["spec"]["minAvailable"], 1)

    def test_probes_and_ports_are_those_of_edgemint(self):
        server = container("server")
        self.assertEqual(server["livenessProbe"]["httpGet"], {"path": "/healthz", "port": "http"})
        self.assertEqual(server["readinessProbe"]["httpGet"], {"path": "/readyz", "port": "http"})
        ports = [{"name": "http", "containerPort": 8080}, {"name": "metrics", "containerPort": 9464}]
        self.assertEqual(server["ports"], ports)
        self.assertEqual(SETTINGS["server"]["listen"], "0.0.0.0:8080")
        self.assertEqual([port["targetPort"] for port in OBJECTS["Service", "edgemint"]["spec"]["ports"]], ["http"])

    def test_metrics_are_for_monitoring_alone(self):
        self.assertEqual(SETTINGS["metrics"]["listen"], "0.0.0.0:9464")
        rules = OBJECTS["NetworkPolicy", "edgemint-in"]["spec"]["ingress"]
        let_in = {
            rule["ports"][0]["port"]: [
                peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for peer in rule["from"]
            ] for rule in rules
        }
        self.assertEqual(let_in["metrics"], ["monitoring"])
        self.assertNotIn("monitoring", let_in["http"])

    def test_there_is_time_to_stop(self):
        sleep = container("server")["lifecycle"]["preStop"]["sleep"]["seconds"]
        stopping = seconds(SETTINGS["server"]["shutdown_timeout"])
        self.assertLess(sleep + stopping, PODS["server"]["spec"]["terminationGracePeriodSeconds"])

    def test_configuration_is_where_edgemint_looks(self):
        for name in PODS:
            one = container(name)
            (mount,) = one["volumeMounts"]
            self.assertIs(mount["readOnly"], True)
            self.assertEqual(one["args"][-2:], ["--config", f"{mount['mountPath']}/edgemint.toml"])
            (volume,) = PODS[name]["spec"]["volumes"]
            self.assertEqual((volume["name"], volume["configMap"]), (mount["name"], {"name": "edgemint"}))


class Advance(unittest.TestCase):
    def test_never_two_at_once(self):
        self.assertEqual(OBJECTS["CronJob", "edgemint-advance"]["spec"]["concurrencyPolicy"], "Forbid")
        self.assertEqual(PODS["advance"]["spec"]["restartPolicy"], "Never")
        self.assertIn("activeDeadlineSeconds", JOB)

    def test_more_to_do_is_no_failure(self):
        """What Kubernetes does with each exit code: the first rule that matches counts."""
        def action(code: int) -> str:
            for rule in (rule for rule in JOB["podFailurePolicy"]["rules"] if "onExitCodes" in rule):
                on = rule["onExitCodes"]
                self.assertEqual((on["containerName"], on["operator"]), (container("advance")["name"], "In"))
                if code in on["values"]:
                    return rule["action"]
            return "Count"

        self.assertEqual(container("advance")["args"][:3], ["keys", "advance", "--wait"])
        self.assertEqual((action(2), action(3)), ("FailJob", "Ignore"))
        # A panic; SIGABRT, SIGKILL (out of memory), SIGSEGV, SIGTERM.
        for code in (101, 134, 137, 139, 143):
            self.assertEqual(action(code), "Count", code)


class MountedKeyring(unittest.TestCase):
    """The component of kustomize, applied to the Deployment by another implementation of JSON patch."""

    def setUp(self):
        component = yaml.safe_load((MOUNTED / "kustomization.yaml").read_text())
        (patch,) = component["patches"]
        self.assertEqual(component["kind"], "Component")
        self.assertEqual(patch["target"], {"kind": "Deployment", "name": "edgemint"})
        operations = yaml.safe_load((MOUNTED / patch["path"]).read_text())
        self.patched = jsonpatch.apply_patch(OBJECTS["Deployment", "edgemint"], operations)
        self.pod = self.patched["spec"]["template"]["spec"]

    def test_schemas_of_kubernetes(self):
        for version in VERSIONS:
            kubernetes_validate.validate(self.patched, version, strict=True)

    def test_keyring_is_mounted_for_the_servers_user_alone(self):
        (one,) = self.pod["containers"]
        mounts = {mount["name"]: mount for mount in one["volumeMounts"]}
        volumes = {volume["name"]: volume for volume in self.pod["volumes"]}
        self.assertEqual(mounts.keys(), volumes.keys())
        self.assertIs(mounts["keyring"]["readOnly"], True)
        # With a subPath the file would never be replaced.
        self.assertNotIn("subPath", mounts["keyring"])
        self.assertEqual(volumes["keyring"]["secret"], {"secretName": "edgemint-keyring", "defaultMode": 0o400})
        self.assertEqual(self.pod["securityContext"]["fsGroup"], self.pod["securityContext"]["runAsGroup"])

    def test_servers_look_there_and_nowhere_else(self):
        (one,) = self.pod["containers"]
        environment = {variable["name"]: variable.get("value") for variable in one["env"]}
        self.assertNotIn("EDGEMINT_KEYRING__STORE", environment)
        (mount,) = (mount for mount in one["volumeMounts"] if mount["name"] == "keyring")
        self.assertEqual(environment["EDGEMINT_KEYRING__DIRECTORY"], mount["mountPath"])
        self.assertEqual(len(one["env"]), len(container("server")["env"]))


class Configuration(unittest.TestCase):
    """edgemint.toml, given to `edgemint check`."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.binary = Path(os.environ["EDGEMINT_BIN"]).resolve()
        made = self.edgemint("keys", "init", "--key-pair-id", "K2JCJMDEHXQW5F")
        self.assertEqual(made.returncode, 0, said(made))

    def edgemint(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [self.binary, *arguments], capture_output=True, text=True, cwd=self.folder, env=environment, check=False
        )

    def check(self, configuration: str, **environment: str) -> subprocess.CompletedProcess:
        (self.folder / "edgemint.toml").write_text(configuration)
        return self.edgemint("check", "--config", "edgemint.toml", **environment)

    def environment(self) -> dict[str, str]:
        """Each with the line break that is at the end of files that secrets are made from; and a keyring of our own."""
        names = ["TICKET_KEY", "SESSION_KEY", "API_KEY"]
        made = {name: secrets.token_hex(48) + "\n" for name in names}
        return made | {"REDIS_URL": "redis://127.0.0.1:1/0\n", "EDGEMINT_KEYRING__DIRECTORY": "keys"}

    def test_it_is_taken(self):
        done = self.check(CONFIGURATION, **self.environment())
        self.assertEqual(done.returncode, 0, said(done))
        for line in ("listens on       0.0.0.0:8080", "as Key-Pair-Id K2JCJMDEHXQW5F", "trusted proxies  10.0.0.0/8",
                     "Redis at 127.0.0.1:1"):
            self.assertIn(line, done.stdout)

    def test_every_secret_is_needed(self):
        for missing in self.environment().keys() - {"EDGEMINT_KEYRING__DIRECTORY"}:
            with self.subTest(missing):
                environment = self.environment()
                del environment[missing]
                done = self.check(CONFIGURATION, **environment)
                self.assertEqual(done.returncode, 2, said(done))
                self.assertIn("the environment variable of this name is not set", done.stderr)


if __name__ == "__main__":
    unittest.main()
