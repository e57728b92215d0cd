package proxy_test

import (
	"net"
	"os"
	"os/exec"
	"testing"
)

var caddy = software{
	config: func(t *testing.T, s site) string {
		t.Helper()
		host, port, err := net.SplitHostPort(s.addr)
		if err != nil {
			t.Fatal(err)
		}
		return "{\n\tadmin off\n\tauto_https off\n\tservers {\n\t\tprotocols h1 h2\n\t}\n}\n" + replace(t, documented(t, "caddyfile"),
			"sing.example {\n", "https://sing.example:"+port+" {\n\tbind "+host+"\n\ttls "+s.pem+" "+s.pem+"\n",
			"127.0.0.1:8080", s.http,
			"h2c://127.0.0.1:7070", "h2c://"+s.grpc,
		)
	},
	command: func(dir, config string) *exec.Cmd {
		cmd := exec.Command("caddy", "run", "--adapter", "caddyfile", "--config", config)
		cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
		return cmd
	},
}
