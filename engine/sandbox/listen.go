package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"
)

// shutdownGrace is how long calls under way may take to end when the context
// of Listen does.
const shutdownGrace = 2 * time.Second

// Listen serves on addr ("127.0.0.1:8080"; "" is any free port) until ctx or
// the server ends, and returns the base URL for a client, which ends in
// /webApi. The sandbox has no protection of its own, so an address other than
// loopback is an error. Close waits for what Listen started.
func (s *Server) Listen(ctx context.Context, addr string) (baseURL string, err error) {
	if addr, err = loopback(addr); err != nil {
		return "", err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return "", fmt.Errorf("open sandbox: %w", err)
	}
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 30 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	served := make(chan struct{})
	s.listeners.Go(func() {
		defer close(served)
		// Serve returns when Shutdown or Close below ends it.
		_ = server.Serve(listener)
	})
	s.listeners.Go(func() {
		select {
		case <-ctx.Done():
		case <-s.closed:
		case <-served:
		}
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
		defer cancel()
		if server.Shutdown(grace) != nil {
			_ = server.Close()
		}
	})
	return "http://" + listener.Addr().String() + "/webApi", nil
}

func loopback(addr string) (string, error) {
	if addr == "" {
		return "127.0.0.1:0", nil
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("open sandbox: %w", err)
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return "", errors.New("open sandbox: " + addr + " is not a loopback address; use 127.0.0.1:" + port)
	}
	return net.JoinHostPort(host, port), nil
}
