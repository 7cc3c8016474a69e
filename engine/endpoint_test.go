package engine_test

import (
	"testing"

	"dropform/engine"
)

// TestEndpoint: spellings of one system are one, different systems are not.
func TestEndpoint(t *testing.T) {
	const id = "6f1d2c9a-4b7e-4e53-9a0c-2d8f51b3c7e4"
	of := func(url, id string) string { return (&engine.Connection{URL: url, CustomerID: id}).Endpoint() }
	same := [][2]string{
		{"https://de.perbit.cloud/webApi", id},
		{"HTTPS://DE.Perbit.Cloud/webapi/", id},
		{"https://de.perbit.cloud:443/webApi", id},
		{"https://de.perbit.cloud./webApi//", id},
		{"https://de.perbit.cloud/webApi", "{6F1D2C9A-4B7E-4E53-9A0C-2D8F51B3C7E4}"},
	}
	want := of(same[0][0], same[0][1])
	for _, s := range same[1:] {
		if got := of(s[0], s[1]); got != want {
			t.Errorf("%s %s: %s, want %s", s[0], s[1], got, want)
		}
	}
	seen := map[string]string{want: "the first"}
	for _, s := range [][2]string{
		{"http://de.perbit.cloud/webApi", id},
		{"https://de.perbit.cloud:8443/webApi", id},
		{"https://at.perbit.cloud/webApi", id},
		{"https://de.perbit.cloud/webApi2", id},
		{"https://de.perbit.cloud/webApi", "6f1d2c9a-4b7e-4e53-9a0c-2d8f51b3c7e5"},
		{"https://[2001:db8::1]/webApi", id},
		{"https://[2001:db8::1]:8443/webApi", id},
		{"http://de.perbit.cloud:443/webApi", id},
	} {
		got := of(s[0], s[1])
		if other, taken := seen[got]; taken {
			t.Errorf("%s %s is taken for %s", s[0], s[1], other)
		}
		seen[got] = s[0]
	}
	if a, b := of("http://h:80/x", id), of("http://h/x", id); a != b {
		t.Errorf("default port: %s and %s", a, b)
	}
}

// TestSpellingsOfOneEndpoint: the spellings that lead a request to one place are one endpoint, those beside them another.
func TestSpellingsOfOneEndpoint(t *testing.T) {
	of := func(url string) string { return (&engine.Connection{URL: url}).Endpoint() }
	for _, one := range [][]string{
		{
			"http://shop.example/a/service", "http://shop.example/a/./service", "http://shop.example/a/x/../service",
			"http://shop.example/a/service/.", "http://shop.example/a/%2e/service", "http://shop.example/a/x/%2E%2e/service",
			"http://shop.example/../a/service", "http://shop.example/a//service/", "http://shop.example/a/service/x/..",
			"http://shop.example:080/a/service", "http://shop.example:/a/service", "http://shop.example:00080/%61/service",
			"http://SHOP.example./A/service?", "http://shop\u3002example/a/service",
		},
		{"http://shop.example", "http://shop.example/", "http://shop.example/.", "http://shop.example/x/.."},
		{
			"https://müller.example/x", "https://xn--mller-kva.example/x", "https://MÜLLER.example:0443/x",
			"https://mu\u0308ller.example./x", "https://XN--MLLER-KVA.example/x", "https://m%C3%BCller.example/x",
		},
		{"https://shop.example/größe", "https://shop.example/gr%C3%B6%C3%9Fe", "https://shop.example/gro\u0308ße"},
		{"http://10.0.0.1/x", "http://10.0.0.01/x", "http://10.1/x", "http://167772161/x", "http://0xa.0.0.1/x", "http://[::ffff:10.0.0.1]/x"},
		{"http://[2001:db8::1]/x", "http://[2001:DB8:0:0::1]/x", "http://[2001:0db8::0001]:80/x"},
		{"http://localhost/x", "http://127.0.0.1/x", "http://127.1./x", "http://2130706433/x", "http://[::1]/x", "http://0.0.0.0/x"},
	} {
		for _, spelling := range one[1:] {
			if a, b := of(one[0]), of(spelling); a != b {
				t.Errorf("%s is %s, %s is %s", one[0], a, spelling, b)
			}
		}
	}
	seen := map[string]string{}
	for _, url := range []string{
		"http://shop.example/service", "http://shop.example/x/service", "http://shop.example/service/..service",
		"http://shop.example/%252e/service", "http://shop.example:8/service", "http://shop.example:800/service",
		"http://mueller.example/x", "http://müller.example/x", "http://muller.example/x", "http://10.0.0.1/x", "http://10.0.1/y",
		"http://0b1.example/x", "http://1.2.3.4.5/x", "http://shop.example/a%3Fb", "http://shop.example/a",
	} {
		if other, taken := seen[of(url)]; taken {
			t.Errorf("%s is taken for %s", url, other)
		}
		seen[of(url)] = url
	}
}
