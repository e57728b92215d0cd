package proxy_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// quietLimit takes the place of nginx's default of 60 s for every connection on which nothing comes.
const quietLimit = 5 * time.Second

var nginx = software{
	config: func(t *testing.T, s site) string {
		t.Helper()
		return wholeNginx(s.dir, replace(t, documented(t, "nginx"),
			"listen 443 ssl", "listen "+s.addr+" ssl",
			"    listen [::]:443 ssl http2;\n", "",
			"/etc/letsencrypt/live/sing.example/fullchain.pem", s.pem,
			"/etc/letsencrypt/live/sing.example/privkey.pem", s.pem,
			"server 127.0.0.1:8080;", "server "+s.http+";",
			"grpc://127.0.0.1:7070", "grpc://"+s.grpc,
			"proxy_http_version 1.1;", "proxy_http_version 1.1;"+s.more,
		))
	},
	command: func(dir, config string) *exec.Cmd {
		path, err := exec.LookPath("nginx")
		if err != nil {
			path = "/usr/sbin/nginx" // not on everybody's path
		}
		return exec.Command(path, "-p", dir, "-e", "stderr", "-c", config)
	},
}

// wholeNginx is a configuration that needs no rights and no folders but one.
func wholeNginx(dir, site string) string {
	var paths, limits strings.Builder
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		fmt.Fprintf(&paths, "%s_temp_path %s/%s;\n", kind, dir, kind)
	}
	for _, directive := range []string{
		"client_header_timeout", "client_body_timeout", "send_timeout", "keepalive_timeout",
		"proxy_read_timeout", "proxy_send_timeout", "grpc_read_timeout", "grpc_send_timeout",
	} {
		fmt.Fprintf(&limits, "%s %ds;\n", directive, int(quietLimit.Seconds()))
	}
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;\n" // the folder is this user's
	}
	return user + "daemon off;\nworker_processes 1;\npid " + dir + "/pid;\nerror_log stderr warn;\n" +
		"events {}\nhttp {\naccess_log off;\n" + paths.String() + limits.String() + site + "}\n"
}
