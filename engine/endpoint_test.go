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
