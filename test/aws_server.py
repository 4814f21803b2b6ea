"""IAM and STS as far as access keys go, on a free port of this machine: every request's signature is verified by the
specification of AWS Signature Version 4 (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html),
written with the standard library alone. Prints its port. `POST /__control` sets what goes wrong, `GET /__state` shows what there is.
"""
import datetime
import hashlib
import hmac
import json
import re
import secrets
import string
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, quote, urlsplit
from xml.sax.saxutils import escape

ADMIN = "AKIA" + "ADMIN" * 3 + "0"
ADMIN_SECRET = "canary-admin-secret-key"
keys, tags, calls = {}, {}, []
# By action: how many calls to throttle; how many to answer 500 once they have acted; how many checks a new key fails at first.
control = {"throttle": {}, "lose": {}, "settles": 0, "session": None, "deny": []}


def digest(data):
    return hashlib.sha256(data).hexdigest()


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def expected_signature(secret, method, target, headers, signed, payload, scope, stamp):
    url = urlsplit(target)
    pairs = sorted((quote(k, safe="-_.~"), quote(v, safe="-_.~")) for k, v in parse_qsl(url.query, keep_blank_values=True))
    canonical = "\n".join([
        method,
        quote(url.path or "/", safe="/-_.~"),
        "&".join(f"{k}={v}" for k, v in pairs),
        "".join(f"{name}:{' '.join(headers[name].split())}\n" for name in signed),
        ";".join(signed),
        digest(payload),
    ])
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, "/".join(scope), digest(canonical.encode())])
    key = ("AWS4" + secret).encode()
    for part in scope:
        key = mac(key, part)
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def authenticate(method, target, headers, payload, service):
    """The access key id that signed, or the error's code."""
    match = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})", headers.get("authorization", ""))
    if not match:
        return None, "IncompleteSignature"
    key_id, *scope = match[1].split("/")
    stamp = headers.get("x-amz-date", "")
    signed = match[2].split(";")
    if signed != sorted(signed) or "host" not in signed or "x-amz-date" not in signed:
        return None, "SignatureDoesNotMatch"
    if len(scope) != 4 or scope[0] != stamp[:8] or scope[2] != service or scope[3] != "aws4_request":
        return None, "SignatureDoesNotMatch"
    now = datetime.datetime.now(datetime.timezone.utc)
    sent = datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
    if abs((now - sent).total_seconds()) > 900:
        return None, "SignatureDoesNotMatch"
    if key_id == ADMIN:
        secret = ADMIN_SECRET
        if control["session"] is not None and (headers.get("x-amz-security-token") != control["session"] or "x-amz-security-token" not in signed):
            return None, "InvalidClientTokenId"
    elif key_id in keys and keys[key_id]["status"] == "Active" and keys[key_id]["unsettled"] <= 0:
        secret = keys[key_id]["secret"]
    else:
        if key_id in keys:
            keys[key_id]["unsettled"] -= 1
        return None, "InvalidClientTokenId"
    good = expected_signature(secret, method, target, headers, signed, payload, scope, stamp)
    return (key_id, None) if hmac.compare_digest(good, match[3]) else (None, "SignatureDoesNotMatch")


def members(inner):
    return "".join(f"<member>{one}</member>" for one in inner)


def perform(action, given):
    user = given.get("UserName")
    if action != "GetAccessKeyLastUsed" and user != "deploy":
        return 404, "NoSuchEntity"
    key_id = given.get("AccessKeyId")
    if action == "ListAccessKeys":
        listed = members(f"<UserName>deploy</UserName><AccessKeyId>{k}</AccessKeyId><Status>{v['status']}</Status><CreateDate>{v['created']}</CreateDate>" for k, v in keys.items())
        return 200, f"<AccessKeyMetadata>{listed}</AccessKeyMetadata><IsTruncated>false</IsTruncated>"
    if action == "ListUserTags":
        ordered = sorted(tags.items())
        start = int(given.get("Marker", "0"))
        listed = members(f"<Key>{escape(k)}</Key><Value>{escape(v)}</Value>" for k, v in ordered[start:start + 2])
        more = start + 2 < len(ordered)
        return 200, f"<Tags>{listed}</Tags><IsTruncated>{str(more).lower()}</IsTruncated>" + (f"<Marker>{start + 2}</Marker>" if more else "")
    if action == "TagUser":
        for n in range(1, 51):
            if f"Tags.member.{n}.Key" in given:
                value = given[f"Tags.member.{n}.Value"]
                if not re.fullmatch(r"[\w\s.:/=+\-@]{0,256}", value):
                    return 400, "InvalidInput"
                tags[given[f"Tags.member.{n}.Key"]] = value
        return 200, ""
    if action == "UntagUser":
        tags.pop(given.get("TagKeys.member.1"), None)
        return 200, ""
    if action == "CreateAccessKey":
        if len(keys) >= 2:
            return 409, "LimitExceeded"
        made = "AKIA" + "".join(secrets.choice(string.ascii_uppercase + "234567") for _ in range(16))
        secret = secrets.token_urlsafe(30).replace("-", "+").replace("_", "/")
        created = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        keys[made] = {"secret": secret, "status": "Active", "created": created, "unsettled": control["settles"], "used": False}
        return 200, f"<AccessKey><UserName>deploy</UserName><AccessKeyId>{made}</AccessKeyId><Status>Active</Status><SecretAccessKey>{secret}</SecretAccessKey></AccessKey>"
    if key_id not in keys:
        return 404, "NoSuchEntity"
    if action == "UpdateAccessKey":
        keys[key_id]["status"] = given["Status"]
        return 200, ""
    if action == "DeleteAccessKey":
        del keys[key_id]
        return 200, ""
    if action == "GetAccessKeyLastUsed":
        used = "<LastUsedDate>2026-01-01T00:00:00Z</LastUsedDate>" if keys[key_id]["used"] else ""
        return 200, f"<UserName>deploy</UserName><AccessKeyLastUsed>{used}<Region>N/A</Region><ServiceName>N/A</ServiceName></AccessKeyLastUsed>"
    return 400, "InvalidAction"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("content-type", "text/xml")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def error(self, status, code):
        self.reply(status, f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>canary-message</Message></Error></ErrorResponse>")

    def do_GET(self):
        self.reply(200, json.dumps({"keys": keys, "tags": tags, "calls": calls}))

    def do_POST(self):
        payload = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path == "/__control":
            for name, value in json.loads(payload).items():
                if name == "keys":
                    keys.update(value)
                else:
                    control[name] = value
            return self.reply(200, "{}")
        given = {name: values[0] for name, values in parse_qs(payload.decode(), keep_blank_values=True).items()}
        action = given.get("Action", "")
        service, version = ("sts", "2011-06-15") if action == "GetCallerIdentity" else ("iam", "2010-05-08")
        calls.append(action)
        if given.get("Version") != version:
            return self.error(400, "InvalidAction")
        if control["throttle"].get(action, 0) > 0:
            control["throttle"][action] -= 1
            return self.error(400, "Throttling")
        headers = {name.lower(): value for name, value in self.headers.items()}
        who, code = authenticate("POST", self.path, headers, payload, service)
        if code:
            return self.error(403, code)
        if service == "iam" and (who != ADMIN or action in control["deny"]):
            return self.error(403, "AccessDenied")
        status, result = (200, f"<Arn>arn:aws:iam::1:user/{who}</Arn>") if service == "sts" else perform(action, given)
        labels = action == "TagUser" and not given["Tags.member.1.Key"].endswith(":announced")
        step = "label" if labels else action
        if control["lose"].get(step, 0) > 0:
            control["lose"][step] -= 1
            return self.error(500, "ServiceFailure")
        if status != 200:
            return self.error(status, result)
        self.reply(200, f"<{action}Response xmlns=\"https://iam.amazonaws.com/doc/{version}/\"><{action}Result>{result}</{action}Result></{action}Response>")


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
