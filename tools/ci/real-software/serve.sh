#!/usr/bin/env bash
# Starts several instances of one kind of software, gives them data, prints "ready", and waits until standard input ends.
#
#   serve.sh SOFTWARE FOLDER
#
# Run by real-software.sh as the first process of a pid namespace, so that all ends with it, and in a network namespace, so that nothing can be
# reached but its own loopback interface. FOLDER is for its files, and takes what the script cannot make: guest.kernel, guest.initrd,
# classes/.
set -euo pipefail

readonly software=$1 folder=$2
readonly programs=$PWD/tests/workloads/services
readonly load="python3 $PWD/tools/ci/real-software/load.py"
export HOME=$folder TMPDIR=$folder LC_ALL=C.UTF-8

# until_done SECONDS COMMAND...
until_done() {
    local tries seconds=$1
    shift
    for ((tries = 0; tries < seconds * 5; tries++)); do
        ! "$@" >/dev/null 2>&1 || return 0
        sleep 0.2
    done
    echo "not within $seconds seconds: $*" >&2
    find "$folder" -maxdepth 1 -type f \( -name '*.log' -o -name 'guest.[0-9]' \) -exec tail -n 5 {} + >&2
    return 1
}

listens() { (: <>"/dev/tcp/127.0.0.1/$1"); }

serve_redis() {
    local port
    for port in 7001 7002 7003 7004; do
        # Of itself it switches huge pages off; whether there are any is for the host to say here.
        redis-server --port $port --bind 127.0.0.1 --save '' --appendonly no --disable-thp no --dir "$folder" \
            --logfile "$folder/redis.$port" &
    done
    for port in 7001 7002 7003 7004; do
        until_done 30 redis-cli -p $port ping
        redis-benchmark -p $port -t set -n 60000 -r 60000 -d 300 -P 16 -q
        redis-benchmark -p $port -t lpush -n 20000 -r 60000 -d 60 -P 16 -q
    done >/dev/null
}

# Two clusters with eight sessions each, which a slow pgbench holds.
serve_postgres() {
    local bin port
    bin=$(postgres_programs)
    install -d -o postgres "$folder/sql"
    for port in 7011 7012; do
        as_postgres "$bin/initdb" -D "$folder/sql/$port" --auth trust --no-sync >"$folder/initdb.$port"
        as_postgres "$bin/postgres" -D "$folder/sql/$port" -k "$folder/sql" -p $port -c listen_addresses= -c fsync=off \
            >"$folder/postgres.$port" 2>&1 &
    done
    for port in 7011 7012; do
        until_done 60 as_postgres "$bin/psql" -h "$folder/sql" -p $port -c 'select 1' postgres
        as_postgres "$bin/pgbench" -h "$folder/sql" -p $port -i -s 3 -q postgres
        as_postgres "$bin/pgbench" -h "$folder/sql" -p $port -c 8 -t 300 postgres
        as_postgres "$bin/pgbench" -h "$folder/sql" -p $port -c 8 -R 20 -T 100000 postgres &
    done >"$folder/pgbench" 2>&1
    sleep 2
}

as_postgres() { setpriv --reuid postgres --regid postgres --clear-groups "$@"; }

postgres_programs() { ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1; }

serve_nginx() {
    mkdir "$folder/www"
    cp "$programs/index.php" "$folder/www/"
    cat >"$folder/php.conf" <<END
[global]
error_log = $folder/php.log
daemonize = no
[www]
user = www-data
group = www-data
listen = $folder/php.socket
listen.mode = 0666
pm = static
pm.max_children = 6
END
    cat >"$folder/nginx.conf" <<END
user www-data;
worker_processes 2;
daemon off;
pid $folder/nginx.pid;
error_log $folder/nginx.log;
events {}
http {
    access_log off;
    client_body_temp_path $folder/body;
    proxy_temp_path $folder/proxy;
    fastcgi_temp_path $folder/fastcgi;
    uwsgi_temp_path $folder/uwsgi;
    scgi_temp_path $folder/scgi;
    server {
        listen 127.0.0.1:7021;
        root $folder/www;
        location / {
            fastcgi_pass unix:$folder/php.socket;
            fastcgi_param SCRIPT_FILENAME $folder/www/index.php;
            fastcgi_param REQUEST_METHOD \$request_method;
        }
    }
}
END
    "$(ls /usr/sbin/php-fpm* | sort -V | tail -n 1)" --fpm-config "$folder/php.conf" -d opcache.enable=1 &
    nginx -c "$folder/nginx.conf" &
    until_done 30 listens 7021
    $load http 3 100 7021
}

# serve_jvm COLLECTOR: until its heap has been filled and collected several times, so that it grows no more.
serve_jvm() {
    local port
    for port in 7031 7032 7033; do
        java "-XX:+Use$1" -Xms128m -Xmx128m -XX:-UsePerfData -cp "$folder/classes" JvmServer $port &
    done
    for port in 7031 7032 7033; do until_done 60 listens $port; done
    $load http 10 600 7031 7032 7033
}

serve_jvm-serial() { serve_jvm SerialGC; }

serve_jvm-parallel() { serve_jvm ParallelGC; }

serve_jvm-g1() { serve_jvm G1GC; }

serve_jvm-z() { serve_jvm ZGC; }

serve_node() {
    local server ports=()
    # It makes its input non-blocking, for all that read from the same one.
    mkfifo "$folder/hold"
    exec 4<>"$folder/hold"
    for server in 1 2 3; do
        node "$PWD/tests/workloads/node_server.js" <&4 >"$folder/node.$server" &
    done
    for server in 1 2 3; do
        until_done 60 grep ready "$folder/node.$server"
        ports+=("$(cut -d ' ' -f 3 "$folder/node.$server")")
    done
    echo "${ports[*]}" >"$folder/ports"
    $load http 3 500 "${ports[@]}"
}

serve_ruby() {
    ruby "$programs/ruby_workers.rb" 7041 4 &
    until_done 60 listens 7041
    $load http 3 200 7041
}

serve_numpy() {
    local port
    # Debian's, whose package of numpy is installed.
    /usr/bin/python3 "$programs/numpy_workers.py" 7051 4 &
    for port in 7051 7052 7053 7054; do until_done 60 listens $port; done
    $load http 3 100 7051 7052 7053 7054
}

serve_gunicorn() {
    local port
    for port in 7061 7062; do
        gunicorn --chdir "$programs" --preload --workers 3 --bind 127.0.0.1:$port --worker-tmp-dir "$folder" --log-level warning \
            wsgi_app:application &
    done
    for port in 7061 7062; do until_done 60 listens $port; done
    $load http 5 200 7061 7062
}

serve_memcached() {
    local port
    for port in 7071 7072 7073; do
        memcached -u nobody -l 127.0.0.1 -p $port -U 0 -m 64 -t 2 &
    done
    for port in 7071 7072 7073; do until_done 30 listens $port; done
    $load memcached-fill 0 0 7071 7072 7073
}

# It takes one page on its command line; the others are opened by its debugger's port.
serve_chromium() {
    local page
    for page in 1 2 3; do cp "$programs/page.html" "$folder/page$page.html"; done
    chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
        --disable-component-update --disable-sync --user-data-dir="$folder/chromium" --remote-debugging-port=7081 \
        "file://$folder/page1.html" >"$folder/chromium.log" 2>&1 &
    until_done 60 listens 7081
    for page in 2 3; do
        python3 -c 'import sys, urllib.request as u; u.urlopen(u.Request(sys.argv[1], method="PUT"))' \
            "http://127.0.0.1:7081/json/new?file://$folder/page$page.html"
    done
    sleep 6
}

# serve_guests [OPTION...]
serve_guests() {
    local guest
    for guest in 1 2; do
        qemu-system-x86_64 -M q35 -accel tcg,tb-size=64 -cpu max -m 176 -smp 1 -nodefaults -display none -serial "file:$folder/guest.$guest" "$@" \
            -kernel "$folder/guest.kernel" -initrd "$folder/guest.initrd" -append "console=ttyS0 quiet mitigations=off no_timer_check" &
    done
    for guest in 1 2; do until_done 240 grep "guest is ready" "$folder/guest.$guest"; done
}

serve_qemu() { serve_guests; }

serve_qemu-locked() { serve_guests -overcommit mem-lock=on; }

ip link set lo up
"serve_$software"
echo ready
while read -r _; do :; done
