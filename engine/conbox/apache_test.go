package conbox_test

import (
	"bufio"
	"context"
	"crypto/md5"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"dropform/engine/conbox"
)

const (
	apacheBinary  = "/usr/sbin/apache2"
	apacheModules = "/usr/lib/apache2/modules"
	apacheRealm   = "Geschützt"
	apacheUser    = "erp-jürgen"
)

// apache starts Apache httpd on loopback, as Debian packages it, with mod_auth_digest or mod_auth_basic before a backend.
// It returns the base address. The settings go into the guarded location.
func apache(t *testing.T, backend, settings string) string {
	t.Helper()
	for _, file := range []string{apacheBinary, apacheModules + "/mod_auth_digest.so", apacheModules + "/mod_proxy_http.so"} {
		if _, err := os.Stat(file); err != nil {
			t.Skipf("needs Apache httpd from Debian's package apache2-bin: %v", err)
		}
	}
	dir, err := os.MkdirTemp("", "dropform-apache")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	// Started by root it serves as www-data, which has to get at the password file.
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	ha1 := fmt.Sprintf("%x", md5.Sum([]byte(apacheUser+":"+apacheRealm+":"+password)))
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	digestFile := write("digest", apacheUser+":"+apacheRealm+":"+ha1+"\n")
	basicFile := write("basic", apacheUser+":{SHA}"+sha1Base64(password)+"\n")
	var modules strings.Builder
	for _, m := range []string{"mpm_event", "authn_core", "authn_file", "authz_core", "authz_user", "auth_basic", "auth_digest", "proxy", "proxy_http", "alias"} {
		fmt.Fprintf(&modules, "LoadModule %s_module %s/mod_%s.so\n", m, apacheModules, m)
	}
	identity := ""
	if os.Getuid() == 0 {
		identity = "User www-data\nGroup www-data\n"
	}
	conf := write("httpd.conf", modules.String()+identity+fmt.Sprintf(`
ServerRoot %[1]s
DefaultRuntimeDir %[1]s
PidFile %[1]s/pid
Listen 127.0.0.1:%[2]s
ServerName localhost
ErrorLog /dev/stderr
LogLevel notice
StartServers 1
ThreadsPerChild 8
MaxRequestWorkers 16
<Location /service>
  ProxyPass %[3]s
  AuthName "%[4]s"
  Require valid-user
  %[5]s
</Location>
Redirect 404 /nowhere
`, dir, port, backend, apacheRealm, strings.NewReplacer("DIGESTFILE", digestFile, "BASICFILE", basicFile).Replace(settings)))

	cmd := exec.Command(apacheBinary, "-f", conf, "-DFOREGROUND")
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	up, over := make(chan bool, 1), make(chan struct{})
	var said strings.Builder
	go func() {
		defer close(over)
		for lines := bufio.NewScanner(log); lines.Scan(); {
			said.WriteString(lines.Text() + "\n")
			if strings.Contains(lines.Text(), "resuming normal operations") {
				up <- true
			}
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-over
		_ = cmd.Wait()
	})
	select {
	case <-up:
	case <-over:
		t.Fatalf("Apache httpd did not start:\n%s", said.String())
	case <-time.After(30 * time.Second):
		t.Fatal("Apache httpd did not start within 30 s")
	}
	return "http://127.0.0.1:" + port
}

func sha1Base64(s string) string {
	sum := sha1.Sum([]byte(s))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

const (
	digestSettings = "AuthType Digest\n  AuthDigestProvider file\n  AuthUserFile DIGESTFILE\n  AuthDigestDomain /service\n"
	basicSettings  = "AuthType Basic\n  AuthBasicProvider file\n  AuthUserFile BASICFILE\n"
)

// TestApache holds the client against a web server that is not ours: each scheme as configured and found out, umlauts
// in user name and realm, a nonce that goes stale under a read, a wrong password and a server without the service.
func TestApache(t *testing.T) {
	backend := serve(t, func(w http.ResponseWriter, _ *http.Request, body string) {
		switch action(body) {
		case "Purchase":
			_, _ = io.WriteString(w, bought)
		case "GetPositionData":
			_, _ = io.WriteString(w, position)
		default:
			w.WriteHeader(http.StatusBadRequest)
		}
	})
	me := func(way string) func(*conbox.Config) {
		return func(c *conbox.Config) { c.Auth, c.Username = way, apacheUser }
	}
	for name, settings := range map[string]string{
		"digest":        digestSettings,
		"digest, stale": digestSettings + "  AuthDigestNonceLifetime 1\n",
		"basic":         basicSettings,
	} {
		t.Run(name, func(t *testing.T) {
			base := apache(t, backend.URL, settings)
			way, _, _ := strings.Cut(name, ",")
			for _, way := range []string{"auto", way} {
				c := client(t, base+"/service?mandant=1&x=a%20b", me(way))
				before := len(backend.seen())
				for range 2 {
					if _, err := c.Do(t.Context(), order, conbox.Hooks{}); err != nil {
						t.Fatal(err)
					}
				}
				if _, err := c.Read(t.Context(), seat); err != nil {
					t.Error(err)
				}
				if name == "digest, stale" {
					time.Sleep(1200 * time.Millisecond) // the server's clock decides when its nonce is stale
				}
				if _, err := c.Read(t.Context(), seat); err != nil {
					t.Error(err)
				}
				orders, positions := 0, 0
				for _, r := range backend.seen()[before:] {
					switch action(r.body) {
					case "Purchase":
						orders++
					case "GetPositionData":
						positions++
					}
				}
				if orders != 2 || positions != 2 {
					t.Errorf("%s: %d orders and %d positions reached the service", way, orders, positions)
				}
			}
			before := len(backend.seen())
			c := client(t, base+"/service", me("auto"), func(c *conbox.Config) { c.Password = fixed("falsch") })
			for range 2 {
				_, err := c.Do(t.Context(), order, conbox.Hooks{Sending: func(context.Context) error { t.Error("hook called"); return nil }})
				if e := failure(t, err); e.Class != conbox.ClassAuth || e.Certainty != conbox.NotSent {
					t.Errorf("%s, %s: %v", e.Class, e.Certainty, err)
				}
			}
			_, err := client(t, base+"/nowhere", me("auto")).Do(t.Context(), order, conbox.Hooks{})
			if e := failure(t, err); e.Class != conbox.ClassConfig || e.Certainty != conbox.NotSent || e.Status != 404 {
				t.Errorf("%s, %s: %v", e.Class, e.Certainty, err)
			}
			if n := len(backend.seen()); n != before {
				t.Errorf("%d requests reached the service", n-before)
			}
		})
	}
}
