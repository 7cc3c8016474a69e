package conbox

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestDigestVectors: the worked examples of RFC 2617 3.5 and RFC 7616 3.9.1, and -sess computed with another
// implementation.
func TestDigestVectors(t *testing.T) {
	const (
		old  = `Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"`
		now  = `Digest realm="http-auth@example.org", qop="auth, auth-int", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS", algorithm=`
		oldN = "0a4f113b"
		nowN = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
	)
	tests := []struct{ name, challenge, password, cnonce, response, also string }{
		{"rfc 2617", old, "Circle Of Life", oldN, "6629fae49393a05397450978507c4ef1", `opaque="5ccc069c403ebaf9f0171e9517f40e41"`},
		{"md5", now + "MD5", "Circle of Life", nowN, "8ca523f5e9506fed4657c9700eebdbec", "algorithm=MD5"},
		{"sha-256", now + "SHA-256", "Circle of Life", nowN, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1", "algorithm=SHA-256"},
		{"md5-sess", now + "MD5-sess", "Circle of Life", nowN, "e783283f46242139c486a698fec7211d", "algorithm=MD5-sess"},
		{"sha-256-sess", now + "SHA-256-sess", "Circle of Life", nowN, "2fd51b3a77ad75bad6afad6003e818d767133c46d9e2749e7f5232ae1ea3efd7", "algorithm=SHA-256-sess"},
		{"no qop", `Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"`, "Circle Of Life", oldN, "670fd8c2df070c60b045671b8b24ff02", `uri="/dir/index.html"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, err := parseChallenge(test.challenge)
			if err != nil {
				t.Fatal(err)
			}
			got, err := login{user: "Mufasa", password: test.password}.digest(c, http.MethodGet, "/dir/index.html", test.cnonce, 1)
			if err != nil || !strings.HasSuffix(got, `response="`+test.response+`"`) || !strings.Contains(got, test.also) {
				t.Errorf("%s, %v", got, err)
			}
			if qop := strings.Contains(test.challenge, "qop"); qop != strings.Contains(got, `qop=auth, nc=00000001, cnonce="`+test.cnonce+`"`) {
				t.Error(got)
			}
		})
	}
}

// TestDigestSpelling: bytes of the realm are repeated as they came, and what has to be quoted is.
func TestDigestSpelling(t *testing.T) {
	c, err := parseChallenge("Digest realm=\"Gesch\xfctzt \\\"A\\\"\", nonce=\"n\xe4\", qop=\"AUTH\", charset=UTF-8, userhash=false")
	if err != nil {
		t.Fatal(err)
	}
	got, err := login{user: `WELS\mu` + "\u0308" + `ller`, password: "p"}.digest(c, http.MethodPost, "/", "c", 10)
	want := "Digest username=\"WELS\\\\müller\", realm=\"Gesch\xfctzt \\\"A\\\"\", nonce=\"n\xe4\", uri=\"/\", qop=auth, nc=0000000a, cnonce=\"c\", response=\"c04d99225e2ef8dbfdf4321a73d45b8b\""
	if err != nil || got != want {
		t.Errorf("%q\n%q\n%v", got, want, err)
	}
}

func TestChoose(t *testing.T) {
	digest := func(more string) string { return `Digest realm="a, b=c", nonce="n"` + more }
	tests := map[string]struct {
		headers []string
		auth    string
		scheme  scheme
		algo    string
		err     string
	}{
		"basic":                 {[]string{`Basic realm="x"`}, authAuto, schemeBasic, "", ""},
		"digest before basic":   {[]string{`Basic realm="x"`, digest("")}, authAuto, schemeDigest, "", ""},
		"one line":              {[]string{`Basic realm="x, Digest", ` + digest(`, algorithm=SHA-256, qop="auth"`) + `, Negotiate`}, authAuto, schemeDigest, "SHA-256", ""},
		"first usable":          {[]string{digest(", algorithm=SHA-512"), digest(`, qop="auth-int"`), digest(", algorithm=md5-Sess")}, authAuto, schemeDigest, "md5-Sess", ""},
		"empty items":           {[]string{`, Negotiate,, basic`}, authAuto, schemeBasic, "", ""},
		"auth-int":              {[]string{digest(`, qop="auth-int"`)}, authAuto, 0, "", "auth-int"},
		"auth-int but basic":    {[]string{digest(`, qop="auth-int"`), "Basic"}, authAuto, schemeBasic, "", ""},
		"auth-int when digest":  {[]string{digest(`, qop="auth-int"`), "Basic"}, authDigest, 0, "", "auth-int"},
		"sha-512":               {[]string{digest(", algorithm=SHA-512")}, authAuto, 0, "", "SHA-512"},
		"no nonce":              {[]string{`Digest realm="x"`}, authAuto, 0, "", "nonce"},
		"garbage":               {[]string{`Digest realm="x`}, authAuto, 0, "", "cannot be read"},
		"windows only":          {[]string{"Negotiate", "NTLM"}, authAuto, 0, "", "NTLM, Negotiate"},
		"basic where digest is": {[]string{"Basic realm=x"}, authDigest, 0, "", `wants Basic, but auth is "digest"`},
		"digest where basic is": {[]string{digest("")}, authBasic, 0, "", `wants Digest, but auth is "basic"`},
		"nothing":               {nil, authAuto, 0, "", "does not say"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o, err := choose(http.Header{"Www-Authenticate": test.headers}, test.auth)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("%+v, %v", o, err)
				}
				return
			}
			if err != nil || o.scheme != test.scheme || (o.challenge != nil) != (test.scheme == schemeDigest) {
				t.Fatalf("%+v, %v", o, err)
			}
			if o.challenge != nil && (o.challenge.Algorithm != test.algo || o.challenge.Realm != "a, b=c") {
				t.Errorf("%+v", o.challenge)
			}
		})
	}
	if got := challenges(http.Header{"Www-Authenticate": {`Digest a="1",b=2 , c = "3, 4", Basic`}}); !slices.Equal(got, []string{`Digest a="1", b=2, c = "3, 4"`, "Basic"}) {
		t.Errorf("%q", got)
	}
}
