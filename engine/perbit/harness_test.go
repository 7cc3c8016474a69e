package perbit_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dropform/engine/perbit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	customer = "7d2f0c55-6f1e-4f0b-9f5e-2f6f1a9c0d11"
	password = "geheim"
	sid      = perbit.SecurityID("40e66335-3c09-4c70-8af8-7cae5f894e95")
	iid      = perbit.ImportID("d74bf33d-c2c7-4586-b1cf-dbcaa2b5751c")
	eid      = perbit.ExportID("72827ed6-8950-4923-8d5b-44d8ed39f186")
	loginOK  = `{"SecurityId": "40e66335-3c09-4c70-8af8-7cae5f894e95"}`
	importOK = `{"ImportId": "d74bf33d-c2c7-4586-b1cf-dbcaa2b5751c"}`
	exportOK = `{"ExportId": "72827ed6-8950-4923-8d5b-44d8ed39f186"}`
	runsOn   = `{"IsCanceled":false,"IsCompleted":false,"IsFaulted":false,"ProgressMessage":"","ProgressValue":""}`
)

func options(url string) perbit.Options {
	return perbit.Options{
		URL: url, CustomerID: customer, Username: "API-Import-User", UserAgent: "dropform-test", Timeout: 20 * time.Second,
		Password: func(context.Context) (string, error) { return password, nil },
	}
}

func client(t *testing.T, url string, change ...func(*perbit.Options)) *perbit.Client {
	t.Helper()
	o := options(url)
	for _, f := range change {
		f(&o)
	}
	c, err := perbit.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func text(s string) perbit.Body {
	return perbit.Body{Size: int64(len(s)), Open: func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(s)), nil
	}}
}

func staff(b perbit.Body) perbit.ImportRequest {
	return perbit.ImportRequest{Object: "Mitarbeiter", Method: "Import Mitarbeiterstammdaten Standard", Body: b}
}

func failure(t *testing.T, err error) *perbit.Error {
	t.Helper()
	var e *perbit.Error
	if !errors.As(err, &e) {
		t.Fatalf("not an *Error: %v", err)
	}
	return e
}

// rawServer gives each connection to serve and closes it afterwards.
func rawServer(t *testing.T, serve func(conn net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer conn.Close()
				serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		all.Wait()
	})
	return l.Addr().String()
}

// takeRequest reads one whole request and returns its bytes.
func takeRequest(conn net.Conn) ([]byte, error) {
	var raw bytes.Buffer
	req, err := http.ReadRequest(bufio.NewReaderSize(io.TeeReader(conn, &raw), 16))
	if err != nil {
		return raw.Bytes(), err
	}
	_, err = io.Copy(io.Discard, req.Body)
	return raw.Bytes(), err
}

// takeHead reads a request up to its body.
func takeHead(conn net.Conn) error {
	_, err := http.ReadRequest(bufio.NewReaderSize(conn, 16))
	return err
}

func answer(status, contentType, body string) string {
	return "HTTP/1.1 " + status + "\r\nContent-Type: " + contentType + "\r\nContent-Length: " + itoa(len(body)) + "\r\n\r\n" + body
}
