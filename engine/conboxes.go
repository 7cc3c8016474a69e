package engine

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"dropform/engine/conbox"
)

// Conboxes holds the clients of CONBOX connections. The planner reads positions through them and the runner places orders,
// so that both know of a rejected password and share the rate.
type Conboxes struct {
	Log  *slog.Logger // for the clients; set before the first use, may be nil
	Dial Dial         // set before the first use; nil: TCP

	agent string

	mu      sync.Mutex
	clients map[Address]*conboxClient
}

type conboxClient struct {
	*conbox.Client
	conn *Connection
}

// NewConboxes makes an empty set. Close ends its connections.
func NewConboxes(userAgent string) *Conboxes {
	return &Conboxes{agent: userAgent, clients: map[Address]*conboxClient{}}
}

// Close closes idle connections.
func (c *Conboxes) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, x := range c.clients {
		x.Close()
	}
	clear(c.clients)
}

// client is the one of a connection, made at its first use. A changed definition gets a new one.
func (c *Conboxes) client(conn *Connection) (*conbox.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if have := c.clients[conn.Address]; have != nil {
		_, then := have.conn.encode()
		if _, now := conn.encode(); now == then {
			have.conn = conn // its secrets may come from another literal, which definitions do not show
			return have.Client, nil
		}
	}
	tlsConfig, err := tlsOf(conn)
	if err != nil {
		return nil, err
	}
	made := &conboxClient{conn: conn}
	secret := func(pick func(*Connection) Secret) func(context.Context) (string, error) {
		return func(ctx context.Context) (string, error) {
			c.mu.Lock()
			s := pick(made.conn)
			c.mu.Unlock()
			return s.Reveal(ctx)
		}
	}
	proxy, err := proxyOf(conn)
	if err != nil {
		return nil, err
	}
	cfg := conbox.Config{
		URL: conn.URL, Auth: conn.Auth, Username: conn.Username, Password: secret(func(c *Connection) Secret { return c.Password }),
		UserCode: conn.UserCode, Language: conn.Language, Service: conn.Service, Timeout: conn.Timeout, Rate: conn.Rate,
		RetryAttempts: conn.RetryAttempts, RetryFirst: conn.RetryFirst, RetryLongest: conn.RetryLongest,
		TLS: tlsConfig, Proxy: proxy, UserAgent: c.agent, Log: c.Log, Dial: c.Dial,
	}
	if conn.UserAPIKey.IsSet() {
		cfg.UserAPIKey = secret(func(c *Connection) Secret { return c.UserAPIKey })
	}
	if made.Client, err = conbox.New(cfg); err != nil {
		return nil, fmt.Errorf("%s: %w", conn.Address, err)
	}
	if old := c.clients[conn.Address]; old != nil {
		old.Close()
	}
	c.clients[conn.Address] = made
	return made.Client, nil
}
