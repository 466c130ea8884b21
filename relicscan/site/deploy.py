"""How a site is put onto a web server, a host for static sites or an object storage: their texts.

They say what `relicscan serve` does, from the same tables (`relicscan.site.headers`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from relicscan.site.headers import (
    ASK_AGAIN,
    ASSETS,
    FOR_EVER,
    FOR_EVERYONE,
    MEDIA_TYPES,
    SECURITY,
)

#: Where the files lie in a site.
HEADERS_FILE = "_headers"
NGINX_FILE = "deploy/nginx.conf"
OBJECT_STORAGE_FILE = "deploy/object-storage.md"


def deploy_files() -> dict[str, str]:
    """The text of every file of this kind by its path in the site."""
    return {
        HEADERS_FILE: headers_file(),
        NGINX_FILE: nginx_conf(),
        OBJECT_STORAGE_FILE: object_storage(),
    }


def headers_file() -> str:
    """`_headers`, which Netlify and Cloudflare Pages read from the root of a site.

    Rules that name one header twice are joined by one of them and not by the other, so each header
    stands in one rule only. What pages need (ask again each time) is what both do unasked.
    """
    rules = {
        "/*": SECURITY,
        f"/{ASSETS}*": {"Cache-Control": FOR_EVER, **FOR_EVERYONE},
        "/oembed/*": FOR_EVERYONE,
    }
    blocks = [
        "\n".join([path, *(f"  {name}: {value}" for name, value in headers.items())])
        for path, headers in rules.items()
    ]
    return "\n\n".join(blocks) + "\n"


def nginx_conf(
    *,
    root: str = "/var/www/exhibition",
    listen: Iterable[str] = ("80", "[::]:80"),
    server_name: str = "exhibition.example",
) -> str:
    """A server of nginx for the site at `root`: for /etc/nginx/conf.d, inside its `http`."""
    types = "\n".join(f"        {_quoted(kind)} {' '.join(e)};" for kind, e in _endings().items())
    security = "\n".join(
        f"    add_header {name} {_quoted(value)} always;" for name, value in SECURITY.items()
    )
    ports = "\n".join(f"    listen {port};" for port in listen)
    return f"""\
# A static exhibition by relicscan, for nginx: put this into /etc/nginx/conf.d/, set root and
# server_name, see what `nginx -t` says, and reload. Everything else is as nginx does it.
#
# Compressed copies lie beside the files, so that nothing is compressed while visitors wait. The
# Brotli ones need a module:  apt install libnginx-mod-http-brotli-static  (else remove its line).
# Browsers ask for Brotli over HTTPS only: add your certificate here, or where HTTPS ends.
# In /etc/nginx/nginx.conf, for a crowd:  worker_processes auto;  worker_connections 16384;

map $uri $exhibition_cache {{
    default {_quoted(ASK_AGAIN)};
    ~^/{ASSETS} {_quoted(FOR_EVER)};
}}
map $uri $exhibition_readers {{
    default "";
    ~^/(?:{ASSETS}|oembed/) {_quoted(FOR_EVERYONE["Access-Control-Allow-Origin"])};
}}

server {{
{ports}
    server_name {server_name};
    root {root};
    index index.html;
    error_page 404 /404.html;
    autoindex off;
    server_tokens off;

    brotli_static on;
    gzip_static on;
    gzip off;
    gzip_vary on;
    sendfile on;
    tcp_nopush on;
    keepalive_timeout 30s;
    open_file_cache max=20000 inactive=10m;
    open_file_cache_valid 1m;
    open_file_cache_errors on;

    # One level for all: an add_header further in would drop these.
{security}
    add_header Cache-Control $exhibition_cache;
    add_header Access-Control-Allow-Origin $exhibition_readers;

    # What is not for visitors: hidden files, and these.
    location ~ /\\.(?!well-known/) {{ return 404; }}
    location ~ ^/(?:deploy/|_headers$) {{ return 404; }}

    types {{
{types}
    }}
    default_type application/octet-stream;
}}
"""


def object_storage() -> str:
    """What to do where the site lies in an object storage: Markdown, with a script to upload."""
    return f"""\
# The exhibition in an object storage

An object storage (Amazon S3 and what speaks like it, Alibaba Cloud OSS, Tencent COS) holds each
file once, in one encoding, and negotiates nothing. So the compressed copy is uploaded under the
plain name and says so (`Content-Encoding`). All browsers take Brotli over HTTPS. What is not a
browser may not: models for AR are opened by the phone's own viewer, so models go up in gzip, which
is 1 to 3 % more. Put a CDN before it that keeps the encoding of its origin, and let it alone
answer visitors.

Files in `{ASSETS}` never change and go first, pages last: a page must not name what is not there
yet. Leave the `{ASSETS}` of the site before for a day, for pages that are still open somewhere.

The commands below were written by their makers' manuals and **not run**: no account was at hand.
Try them on a bucket of your own with a single relic, and look at what comes back:
`curl -sI -H 'Accept-Encoding: br, gzip' https://YOUR.ADDRESS/en/index.html`.

```sh
#!/bin/sh
# Uploads this site. Set one of the three `put`s, and run it in the site's folder.
set -eu

put() {{ # file, name, type, caching, encoding or nothing: Amazon S3, and --endpoint-url for others
    aws s3 cp --only-show-errors "$1" "s3://BUCKET/$2" --content-type "$3" \\
        --cache-control "$4" ${{5:+--content-encoding "$5"}}
}}
# put() {{ # Alibaba Cloud OSS
#     ossutil cp -f "$1" "oss://BUCKET/$2" \\
#         --meta "Content-Type:$3#Cache-Control:$4${{5:+#Content-Encoding:$5}}"
# }}
# put() {{ # Tencent Cloud COS
#     coscli cp "$1" "cos://BUCKET/$2" \\
#         --meta "Content-Type:$3#Cache-Control:$4${{5:+#Content-Encoding:$5}}"
# }}

type_of() {{
    case "$1" in
{_shell_types()}
    *) echo 'application/octet-stream' ;;
    esac
}}

upload() {{ # caching, of the files that are named on standard input
    while IFS= read -r file; do
        file=${{file#./}}
        type=$(type_of "$file")
        case "$file" in *.glb) forms='gz:gzip' ;; *) forms='br:br gz:gzip' ;; esac
        from=$file encoding=
        for form in $forms; do
            if [ -z "$encoding" ] && [ -f "$file.${{form%%:*}}" ]; then
                from=$file.${{form%%:*}} encoding=${{form#*:}}
            fi
        done
        put "$from" "$file" "$type" "$1" "$encoding" </dev/null
    done
}}

find ./{ASSETS.rstrip("/")} -type f ! -name '.*' ! -name '*.br' ! -name '*.gz' |
    upload '{FOR_EVER}'
find . -type f ! -name '.*' ! -name '*.br' ! -name '*.gz' \\
    ! -path './{ASSETS}*' ! -path './deploy/*' ! -name _headers | upload '{ASK_AGAIN}'
```

What the storage cannot say, the CDN in front must add to every answer (pages state the policy
themselves, in a `meta` element, as far as that can):

```
{_lines(SECURITY)}
```

and to `/{ASSETS}*` and `/oembed/*`, so that other museums' viewers may read models:

```
{_lines(FOR_EVERYONE)}
```

Have `index.html` served for folders and `404.html` for what is not there (S3 and COS: "static
website", OSS: "static pages").
"""


def _endings() -> dict[str, list[str]]:
    """The endings of each media type, without their dots."""
    found: dict[str, list[str]] = {}
    for ending, kind in MEDIA_TYPES.items():
        found.setdefault(kind, []).append(ending.lstrip("."))
    return found


def _quoted(value: str) -> str:
    """A parameter of nginx in double quotes; its texts have no quotes and no variables in them."""
    if set(value) & set('"$\\\n'):
        raise ValueError(f"{value!r} cannot stand in nginx's settings as it is")
    return f'"{value}"'


def _shell_types() -> str:
    return "\n".join(
        f"    {' | '.join(f'*.{ending}' for ending in endings)}) echo '{kind}' ;;"
        for kind, endings in _endings().items()
    )


def _lines(headers: Mapping[str, str]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in headers.items())
