#!/usr/bin/env python3
"""A build context with secrets in it that nobody owns.

    plant.py OUT [--seed N] [--ordinary DIR]... [--files N]

OUT/context gets ordinary files from real packages (linked from the DIRs; by default the npm and Python packages this machine has), 200 secrets of
all kinds in source, configuration, binary, minified and UTF-16 files, and 120 things that look like secrets. OUT/truth.jsonl tells what
was planted where. Every secret is made here, from the seed, in the form its vendor publishes; keys come from openssl and ssh-keygen. None is stored
anywhere, and none opens anything.
"""

import argparse
import base64
import hashlib
import hmac
import json
import os
import random
import shutil
import string
import subprocess
import sys
import sysconfig
import tempfile
import zlib

UPPER, LOWER, DIGIT = string.ascii_uppercase, string.ascii_lowercase, string.digits
ALNUM = DIGIT + UPPER + LOWER
HEX = "0123456789abcdef"
URLSAFE = ALNUM + "_-"
BASE64 = ALNUM + "+/"


class Maker:
    """Makes secrets of every kind."""

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.tmp = tempfile.mkdtemp()

    def of(self, alphabet, n):
        return "".join(self.r.choice(alphabet) for _ in range(n))

    def b64(self, n):
        return base64.b64encode(self.r.randbytes(n)).decode()

    def b64url(self, n):
        return base64.urlsafe_b64encode(self.r.randbytes(n)).decode().rstrip("=")

    def checksummed(self, prefix):
        body = self.of(ALNUM, 30)
        value, digits = zlib.crc32(body.encode()), ""
        for _ in range(6):
            value, digit = divmod(value, 62)
            digits = ALNUM[digit] + digits
        return prefix + body + digits

    def uuid(self):
        h = self.of(HEX, 32)
        return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"

    def password(self):
        while True:
            p = self.of(ALNUM + "!#*+.-_", self.r.randint(12, 20))
            if sum(c.isdigit() for c in p) >= 2 and any(c.isupper() for c in p) and p[0].isalnum() and p[-1].isalnum():
                return p

    def jwt(self):
        head = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').decode().rstrip("=")
        body = {"sub": self.of(LOWER, 8), "iat": 1700000000 + self.r.randint(0, 10**7), "role": "service"}
        body = base64.urlsafe_b64encode(json.dumps(body).encode()).decode().rstrip("=")
        mac = hmac.new(self.r.randbytes(32), f"{head}.{body}".encode(), hashlib.sha256).digest()
        return f"{head}.{body}." + base64.urlsafe_b64encode(mac).decode().rstrip("=")

    def run(self, *args, text=""):
        return subprocess.run(args, check=True, capture_output=True, input=text.encode()).stdout.decode()

    def openssl(self, kind):
        if kind == "rsa":
            return self.run("openssl", "genrsa", "-traditional", "2048")
        if kind == "ec":
            return self.run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout")
        if kind == "pkcs8":
            return self.run("openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
        if kind == "ed25519":
            return self.run("openssl", "genpkey", "-algorithm", "ed25519")
        raise ValueError(kind)

    def openssh(self, kind, passphrase=""):
        path = os.path.join(self.tmp, self.of(LOWER, 12))
        self.run("ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "", "-f", path)
        with open(path) as f:
            return f.read()

    def pgp(self):
        home = os.path.join(self.tmp, self.of(LOWER, 8))
        os.mkdir(home, 0o700)
        gpg = ["gpg", "--homedir", home, "--batch", "--quiet", "--passphrase", ""]
        self.run(*gpg, "--quick-gen-key", "a@b.test", "rsa2048", "sign", "never")
        return self.run(*gpg, "--armor", "--export-secret-keys")

    def putty(self):
        public, private = self.b64(48), self.b64(36)
        mac = self.of(HEX, 64)
        return (
            "PuTTY-User-Key-File-3: ssh-ed25519\r\nEncryption: none\r\nComment: deploy\r\nPublic-Lines: 1\r\n"
            f"{public}\r\nPrivate-Lines: 1\r\n{private}\r\nPrivate-MAC: {mac}\r\n"
        )

    def service_account(self):
        key = self.openssl("pkcs8")
        return json.dumps(
            {
                "type": "service_account",
                "project_id": "shop-prod",
                "private_key_id": self.of(HEX, 40),
                "private_key": key,
                "client_email": "deploy@shop-prod.iam.gserviceaccount.com",
                "client_id": self.of(DIGIT, 21),
                "token_uri": "https://oauth2.googleapis.com/token",
            },
            indent=2,
        )


# Tokens that are told by themselves: name -> how it is made.
TOKENS = {
    "aws-access-key-id": lambda m: "AKIA" + m.of(UPPER + "234567", 16),
    "github-pat": lambda m: m.checksummed("ghp_"),
    "github-oauth": lambda m: m.checksummed("gho_"),
    "github-user": lambda m: m.checksummed("ghu_"),
    "github-server": lambda m: m.checksummed("ghs_"),
    "github-fine": lambda m: "github_pat_" + m.of(ALNUM, 22) + "_" + m.of(ALNUM, 59),
    "gitlab-pat": lambda m: "glpat-" + m.of(URLSAFE, 19) + m.of(ALNUM, 1),
    "npm": lambda m: m.checksummed("npm_"),
    "pypi": lambda m: "pypi-AgEIcHlwaS5vcmcCJD" + m.of(URLSAFE, 110) + m.of(ALNUM, 1),
    "slack-bot": lambda m: f"xoxb-{m.of(DIGIT, 12)}-{m.of(DIGIT, 13)}-{m.of(ALNUM, 24)}",
    "slack-webhook": lambda m: f"https://hooks.slack.com/services/T{m.of(UPPER + DIGIT, 9)}/B{m.of(UPPER + DIGIT, 10)}/{m.of(ALNUM, 24)}",
    "stripe": lambda m: "sk_live_" + m.of(ALNUM, 24),
    "stripe-restricted": lambda m: "rk_live_" + m.of(ALNUM, 99),
    "sendgrid": lambda m: f"SG.{m.of(URLSAFE, 21)}{m.of(ALNUM, 1)}.{m.of(URLSAFE, 42)}{m.of(ALNUM, 1)}",
    "telegram": lambda m: f"{m.of('123456789', 1)}{m.of(DIGIT, 9)}:AA{m.of(URLSAFE, 32)}{m.of(ALNUM, 1)}",
    "openai": lambda m: f"sk-proj-{m.of(URLSAFE, 74)}T3BlbkFJ{m.of(URLSAFE, 73)}{m.of(ALNUM, 1)}",
    "anthropic": lambda m: f"sk-ant-api03-{m.of(URLSAFE, 93)}AA",
    "huggingface": lambda m: "hf_" + m.of(UPPER + LOWER, 34),
    "digitalocean": lambda m: "dop_v1_" + m.of(HEX, 64),
    "shopify": lambda m: "shpat_" + m.of(HEX, 32),
    "databricks": lambda m: "dapi" + m.of(HEX, 32),
    "rubygems": lambda m: "rubygems_" + m.of(HEX, 48),
    "google-api-key": lambda m: "AIza" + m.of(URLSAFE, 34) + m.of(ALNUM, 1),
    "docker-hub": lambda m: "dckr_pat_" + m.of(URLSAFE, 26) + m.of(ALNUM, 1),
    "postman": lambda m: f"PMAK-{m.of(HEX, 24)}-{m.of(HEX, 34)}",
    "linear": lambda m: "lin_api_" + m.of(ALNUM, 40),
    "newrelic": lambda m: "NRAK-" + m.of(UPPER + DIGIT, 27),
    "vault": lambda m: "hvs." + m.of(URLSAFE, 94) + m.of(ALNUM, 1),
    "jwt": lambda m: m.jwt(),
    "database-url": lambda m: f"postgres://app:{m.password().replace('#', 'x')}@db.internal:5432/shop",
    "mongodb-url": lambda m: f"mongodb+srv://svc:{m.of(ALNUM, 16)}@cluster0.ab1cd.mongodb.net/shop",
    "url-password": lambda m: f"https://bot:{m.of(ALNUM, 18)}@git.internal.test/shop.git",
    "age": lambda m: "AGE-SECRET-KEY-1" + m.of("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58),
    "crates-io": lambda m: "cio" + m.of(ALNUM, 32),
    "grafana": lambda m: f"glsa_{m.of(ALNUM, 32)}_{m.of(HEX, 8)}",
    "discord-webhook": lambda m: f"https://discord.com/api/webhooks/{m.of('123456789', 1)}{m.of(DIGIT, 17)}/{m.of(URLSAFE, 67)}{m.of(ALNUM, 1)}",
}

# What surrounds a token in a file of each kind; `{}` is the token.
SOURCE = {
    "py": 'import os\nfrom shop import api\n\n\ndef client():\n    return api.Client("{}", timeout=30)\n',
    "js": "const api = require('./api');\n\nmodule.exports = () => api.connect({{ auth: '{}', retries: 3 }});\n",
    "go": 'package shop\n\nimport "shop/api"\n\nvar client = api.New(\n\t"{}",\n)\n',
    "java": 'package shop;\n\nfinal class Api {{\n    private static final String AUTH = "{}";\n}}\n',
    "rb": "module Shop\n  AUTH = '{}'.freeze\nend\n",
    "sh": '#!/bin/sh\nset -eu\ncurl -sS -H "Authorization: Bearer {}" "$API/deploy"\n',
    "tf": 'variable "region" {{}}\n\nprovider "shop" {{\n  auth = "{}"\n}}\n',
    "md": "# Deploying\n\nRun `deploy --auth {}` from the bastion.\n",
}
CONFIG = {
    "yaml": "server:\n  port: 8080\nupstream:\n  auth: {}\n",
    "json": '{{\n  "port": 8080,\n  "auth": "{}"\n}}\n',
    "toml": '[upstream]\nport = 8080\nauth = "{}"\n',
    "ini": "[upstream]\nport = 8080\nauth = {}\n",
    "properties": "server.port=8080\nupstream.auth={}\n",
    "env": "NODE_ENV=production\nUPSTREAM={}\n",
    "xml": '<config>\n  <upstream auth="{}"/>\n</config>\n',
}


def minified(m, token):
    """One line of generated code, hundreds of kilobytes long."""
    parts = []
    for _ in range(m.r.randint(3000, 9000)):
        a, b = m.of(LOWER, m.r.randint(1, 2)), m.of(LOWER, m.r.randint(1, 2))
        parts.append(f'{a}.{m.of(LOWER, 6)}=function({b}){{return {b}?{a}({m.r.randint(0, 999)}):"{m.of(LOWER, 5)}"}}')
    parts.insert(m.r.randint(0, len(parts)), f'x.init({{auth:"{token}"}})')
    return "!function(){" + ",".join(parts) + "}();"


def binary(m, token):
    head = b"\x7fELF\x02\x01\x01" + bytes(9)
    def noise():
        return bytes(m.r.choice((0, 0, 0, m.r.randint(0, 255))) for _ in range(m.r.randint(2000, 60000)))
    return head + noise() + b"\0" + token.encode() + b"\0" + noise()


class Plant:
    def __init__(self, out, seed):
        self.m = Maker(seed)
        self.context = os.path.join(out, "context")
        self.truth = []
        self.count = 0

    def write(self, path, data):
        full = os.path.join(self.context, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())

    def secret(self, kind, carrier, path, data, secret):
        """Plants a file with one secret; `secret` is its text as it stands there, whose lines are the place."""
        text = data if isinstance(data, bytes) else data.encode()
        self.write(path, text)
        entry = {"kind": kind, "carrier": carrier, "path": path, "secret": secret}
        if carrier in ("binary",):
            entry.update(first=0, last=10**9)
        else:
            plain = text.decode("utf-16") if carrier == "utf16" else text.decode()
            if carrier == "utf16-unmarked":
                plain = text.decode("utf-16-le")
            at = plain.index(secret)
            first = plain.count("\n", 0, at) + 1
            entry.update(first=first, last=first + secret.rstrip("\n").count("\n"))
        self.truth.append(entry)

    def name(self, folder, ending):
        self.count += 1
        return f"{folder}/{self.m.of(LOWER, 7)}{self.count}.{ending}"

    def tokens(self):
        """Tokens, dealt out over the carriers: 130 of them."""
        m, kinds = self.m, sorted(TOKENS)
        carriers = ["source"] * 44 + ["config"] * 38 + ["binary"] * 14 + ["minified"] * 16 + ["utf16"] * 8 + ["utf16-unmarked"] * 4 + ["base64"] * 6
        m.r.shuffle(carriers)
        certain = [k for k in kinds if k not in ("jwt", "database-url", "mongodb-url", "url-password", "slack-webhook", "discord-webhook", "telegram", "sendgrid", "crates-io")]
        for index, carrier in enumerate(carriers):
            kind = kinds[index % len(kinds)]
            if carrier == "base64":
                kind = certain[index % len(certain)]
            token = TOKENS[kind](m)
            if carrier == "source":
                ending, text = m.r.choice(sorted(SOURCE.items()))
                self.secret(kind, carrier, self.name("src/app", ending), text.format(token), token)
            elif carrier == "config":
                ending, text = m.r.choice(sorted(CONFIG.items()))
                self.secret(kind, carrier, self.name("config", ending), text.format(token), token)
            elif carrier == "binary":
                self.secret(kind, carrier, self.name("bin", "bin"), binary(m, token), token)
            elif carrier == "minified":
                self.secret(kind, carrier, self.name("public/assets", "min.js"), minified(m, token), token)
            elif carrier == "utf16":
                text = CONFIG["ini"].format(token)
                encoded = b"\xff\xfe" + text.encode("utf-16-le") if m.r.random() < 0.5 else b"\xfe\xff" + text.encode("utf-16-be")
                self.secret(kind, carrier, self.name("windows", "ini"), encoded, token)
            elif carrier == "utf16-unmarked":
                self.secret(kind, carrier, self.name("windows", "reg"), CONFIG["ini"].format(token).encode("utf-16-le"), token)
            else:
                wrapped = base64.b64encode(token.encode()).decode()
                text = f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: a{index}\ndata:\n  auth: {wrapped}\n"
                self.secret(kind, carrier, self.name("deploy", "yaml"), text, wrapped)

    def keys(self):
        """Private keys: 28 of them."""
        m = self.m
        made = [("rsa", m.openssl("rsa")) for _ in range(4)] + [("ec", m.openssl("ec")) for _ in range(4)]
        made += [("pkcs8", m.openssl("pkcs8")) for _ in range(4)] + [("ed25519", m.openssl("ed25519")) for _ in range(3)]
        made += [("openssh", m.openssh("ed25519")) for _ in range(3)] + [("openssh-rsa", m.openssh("rsa")) for _ in range(2)]
        for index, (kind, key) in enumerate(made):
            carrier = ["pem", "json", "yaml", "source", "kubeconfig"][index % 5]
            if carrier == "pem":
                self.secret(kind, "config", self.name("secrets", "pem"), key, key)
            elif carrier == "json":
                written = json.dumps(key)[1:-1]
                self.secret(kind, "config", self.name("config", "json"), '{\n  "tls": "' + written + '"\n}\n', written)
            elif carrier == "yaml":
                block = "".join("    " + line + "\n" for line in key.splitlines())
                self.secret(kind, "config", self.name("config", "yaml"), "tls:\n  chain: |\n" + block + "  port: 443\n", block)
            elif carrier == "source":
                block = "".join(f'    "{line}\\n"\n' for line in key.splitlines())
                self.secret(kind, "source", self.name("src/app", "py"), "KEY = (\n" + block + ")\n", block)
            else:
                wrapped = base64.b64encode(key.encode()).decode()
                text = f"apiVersion: v1\nkind: Config\nusers:\n- name: admin\n  user:\n    client-key-data: {wrapped}\n"
                self.secret(kind, "base64", self.name("deploy", "yaml"), text, wrapped)
        for _ in range(3):
            text = m.service_account()
            self.secret("gcp-service-account", "config", self.name("config", "json"), text, text)
        for _ in range(2):
            text = m.putty()
            self.secret("putty", "config", self.name("secrets", "ppk"), text, text)
        text = m.pgp()
        self.secret("pgp", "config", self.name("secrets", "asc"), text, text)
        key = m.openssl("rsa")
        encoded = b"\xff\xfe" + key.encode("utf-16-le")
        self.secret("rsa", "utf16", self.name("windows", "pem"), encoded, key)
        key = m.openssl("ec")
        self.secret("ec", "binary", self.name("bin", "bin"), binary(m, key), key)

    def files(self):
        """Credential files: 22 of them."""
        m = self.m
        for n in range(2):
            d = f"home/u{n}"
            secret = m.of(BASE64, 40)
            self.secret("aws-secret", "config", f"{d}/.aws/credentials", f"[default]\naws_secret_access_key = {secret}\nregion = eu-west-1\n", secret)
            token = m.checksummed("npm_")
            self.secret("npmrc", "config", f"{d}/.npmrc", f"registry=https://registry.npmjs.org/\n//registry.npmjs.org/:_authToken={token}\n", token)
            token = m.uuid()
            self.secret("npmrc", "config", f"web{n}/.npmrc", f"//npm.internal.test/:_authToken={token}\n", token)
            word = m.password()
            self.secret("netrc", "config", f"{d}/.netrc", f"machine git.internal.test\n  login deploy\n  password {word}\n", word)
            auth = base64.b64encode(f"deploy:{m.password()}".encode()).decode()
            self.secret("docker-auth", "config", f"{d}/.docker/config.json", f'{{\n  "auths": {{\n    "r.internal.test": {{\n      "auth": "{auth}"\n    }}\n  }}\n}}\n', auth)
            word = m.of(ALNUM, 18)
            self.secret("pip-conf", "config", f"{d}/.config/pip/pip.conf", f"[global]\nindex-url = https://deploy:{word}@pypi.internal.test/simple\n", word)
            word = m.password().replace(":", "x")
            self.secret("pgpass", "config", f"{d}/.pgpass", f"db.internal:5432:shop:app:{word}\n", word)
            word = m.of(ALNUM, 20)
            self.secret("git-credentials", "config", f"{d}/.git-credentials", f"https://deploy:{word}@git.internal.test\n", word)
            word = m.password()
            self.secret("maven", "config", f"{d}/.m2/settings.xml", f"<settings>\n  <servers>\n    <server>\n      <id>r</id>\n      <username>ci</username>\n      <password>{word}</password>\n    </server>\n  </servers>\n</settings>\n", word)
            word = m.password()
            state = {"version": 4, "terraform_version": "1.9.0", "resources": [{"type": "db", "instances": [{"attributes": {"name": "shop", "password": word}}]}]}
            self.secret("tfstate", "config", f"infra{n}/terraform.tfstate", json.dumps(state, indent=2), word)
            self.secret("azure-storage", "config", f"config/azure{n}.json", '{\n  "blob": "DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=' + (key := m.b64(64)) + ';EndpointSuffix=core.windows.net"\n}\n', key)

    def assigned(self):
        """Passwords and keys that only the name beside them tells: 20 of them."""
        m = self.m
        shapes = [
            ("env", ".env.{n}", "APP_ENV=production\nDB_PASSWORD={s}\n", m.password),
            ("yaml", "config/db{n}.yaml", "db:\n  host: db.internal\n  password: \"{s}\"\n", m.password),
            ("properties", "config/app{n}.properties", "db.user=app\ndb.password={s}\n", m.password),
            ("py", "src/app/settings{n}.py", "DEBUG = False\nSECRET_KEY = '{s}'\n", lambda: m.of(ALNUM, 50)),
            ("js", "src/app/config{n}.js", "module.exports = {{\n  apiKey: '{s}',\n}};\n", lambda: m.of(HEX, 32)),
            ("ini", "config/smtp{n}.ini", "[smtp]\nuser = mail\npassword = {s}\n", m.password),
            ("json", "config/api{n}.json", '{{\n  "host": "api.internal",\n  "client_secret": "{s}"\n}}\n', lambda: m.of(ALNUM, 32)),
            ("go", "src/app/auth{n}.go", 'package shop\n\nconst signingSecret = "{s}"\n', lambda: m.of(URLSAFE, 43) + "x"),
            ("compose", "compose{n}.yaml", "services:\n  db:\n    environment:\n      POSTGRES_PASSWORD: {s}\n", m.password),
            ("php", "src/app/config{n}.php", "<?php\n$db_password = '{s}';\n", m.password),
        ]
        for n in range(2):
            for kind, path, text, make in shapes:
                secret = make()
                self.secret(f"assigned-{kind}", "source" if kind in ("py", "js", "go", "php") else "config", path.format(n=n), text.format(s=secret), secret)

    def lookalikes(self):
        """What scanners take for secrets and is none: 120 of them, one a file."""
        m = self.m
        cert = m.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "/dev/null", "-subj", "/CN=a.test", "-days", "30")
        public = m.run("openssl", "ec", "-pubout", text=m.openssl("ec"))
        rsa = m.openssl("rsa").splitlines()
        ssh = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + m.of(BASE64, 43) + " me@laptop\n"
        template = [
            ("py", lambda: 'KEY = "AKIAIOSFODNN7EXAMPLE"\n'),
            ("ini", lambda: "[default]\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n"),
            ("env", lambda: "GITHUB_TOKEN=${GITHUB_TOKEN}\nDB_PASSWORD=$DB_PASSWORD\n"),
            ("yaml", lambda: "env:\n  TOKEN: ${{ secrets.DEPLOY_TOKEN }}\n  PASSWORD: '{{ vault_db_password }}'\n"),
            ("env", lambda: "API_KEY=your-api-key-here\nSECRET_KEY=changeme\nPASSWORD=<password>\n"),
            ("sh", lambda: "export TOKEN=ghp_" + "x" * 36 + "\n"),
            ("md", lambda: "Use `glpat-xxxxxxxxxxxxxxxxxxxx` and `sk_live_" + "0" * 24 + "`.\n"),
            ("pem", lambda: cert),
            ("pem", lambda: public),
            ("pub", lambda: ssh),
            ("json", lambda: '{\n  "integrity": "sha512-' + m.b64(64) + '",\n  "shasum": "' + m.of(HEX, 40) + '"\n}\n'),
            ("txt", lambda: "".join(f"{m.of(HEX, 64)}  file{n}.tar.gz\n" for n in range(20))),
            ("py", lambda: "password = getpass.getpass()\ntoken = os.environ['API_TOKEN']\nsecret = config.get('secret_value_2')\n"),
            ("js", lambda: "const token = parser.nextToken(); const apiKey = process.env.API_KEY_V2;\nlet password = form.password.value;\n"),
            ("py", lambda: 'if line == "-----BEGIN RSA PRIVATE KEY-----":\n    raise ValueError("-----END RSA PRIVATE KEY-----")\n'),
            ("md", lambda: "\n".join(rsa[:2]) + "\n...\n" + rsa[-1] + "\n"),
            ("md", lambda: "Token: eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c\n"),
            ("md", lambda: "    postgres://user:password@localhost:5432/db\n    https://user:pass@example.com/\n"),
            ("css", lambda: ".a{background:url(data:image/png;base64," + m.b64(900) + ")}\n"),
            ("json", lambda: '{"id": "' + m.uuid() + '", "commit": "' + m.of(HEX, 40) + '", "etag": "' + m.of(HEX, 32) + '"}\n'),
            ("html", lambda: f'<script nonce="{m.b64(16)}" integrity="sha384-{m.b64(48)}" src="/a.js"></script>\n'),
            ("yaml", lambda: "image: r.test/a@sha256:" + m.of(HEX, 64) + "\npasswordSecretRef:\n  name: db-password-v2\n  key: password\n"),
            ("json", lambda: '{\n  "properties": {\n    "password": {"type": "string", "minLength": 12},\n    "token": "string"\n  }\n}\n'),
            ("py", lambda: "PASSWORD_HASHERS = ['django.contrib.auth.hashers.PBKDF2PasswordHasher']\nTOKEN_URL = 'https://auth.test/oauth2/token'\n"),
            ("go", lambda: 'const tokenHeader = "X-Auth-Token-V2"\nvar next_page_token = "' + m.of(ALNUM, 24) + '"\n'),
            ("md", lambda: "Set `AKIA...` and `ghp_...` in the vault; a key looks like `AIzaSy...`.\n"),
            ("env", lambda: "PUBLIC_KEY=" + m.b64(32) + "\nVITE_RECAPTCHA_SITE=6L" + m.of(URLSAFE, 38) + "\n"),
            ("txt", lambda: "lorem " + " ".join(m.of(LOWER, 9) for _ in range(200)) + "\n"),
            ("js", lambda: "var t={password:'Password',token:'Token',passwordHint:'At least 8 letters, 1 digit'};\n"),
            ("sql", lambda: "INSERT INTO t VALUES ('" + m.of(HEX, 64) + "', '" + m.uuid() + "');\n"),
        ]
        for index in range(120):
            ending, make = template[index % len(template)]
            self.write(self.name("lookalike", ending), make())


def ordinary(roots, context, wanted, r):
    """Links ordinary files into the context, a fair sample when there are more than wanted."""
    found = []
    for root in roots:
        for folder, folders, names in os.walk(root):
            folders[:] = sorted(f for f in folders if f not in (".git", "__pycache__"))
            for name in sorted(names):
                path = os.path.join(folder, name)
                if os.path.isfile(path) and not os.path.islink(path):
                    found.append((root, path))
    if len(found) > wanted:
        found = sorted(r.sample(found, wanted))
    for root, path in found:
        base = os.path.basename(root.rstrip("/")) or "packages"
        target = os.path.join(context, "vendor" if base not in ("node_modules", "site-packages") else "", base, os.path.relpath(path, root))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if not os.path.exists(target):
            shutil.copyfile(path, target)
    return len(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ordinary", action="append", help="a folder of ordinary files")
    parser.add_argument("--files", type=int, default=20000, help="how many of them")
    args = parser.parse_args()
    shutil.rmtree(os.path.join(args.out, "context"), ignore_errors=True)
    plant = Plant(args.out, args.seed)
    for part in (plant.tokens, plant.keys, plant.files, plant.assigned, plant.lookalikes):
        part()
    roots = args.ordinary
    if not roots:
        npm = subprocess.run(["npm", "root", "-g"], capture_output=True, text=True).stdout.strip() if shutil.which("npm") else ""
        roots = [root for root in (npm, sysconfig.get_paths()["purelib"]) if root and os.path.isdir(root)]
    count = ordinary(roots, plant.context, args.files, random.Random(args.seed))
    with open(os.path.join(args.out, "truth.jsonl"), "w") as f:
        f.writelines(json.dumps(entry) + "\n" for entry in plant.truth)
    shutil.rmtree(plant.m.tmp, ignore_errors=True)
    print(f"{len(plant.truth)} secrets, 120 look-alikes, {count} ordinary files in {plant.context}", file=sys.stderr)


if __name__ == "__main__":
    main()
