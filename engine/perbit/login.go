package perbit

import "context"

// Login opens a session on one stream (perbit 2.2.1, 3.2.1). A rejected password is not sent a second time by this
// client, whatever the stream: calls fail with class auth until Options.Password returns another.
func (c *Client) Login(ctx context.Context, s Stream) (SecurityID, error) {
	got, err := c.ids(ctx, &call{stream: s, action: "Login", login: true}, wantSecurity)
	return SecurityID(got.SecurityID), err
}

// Logout ends a session (perbit 2.2.8, 3.2.9). Jobs under way go on (perbit 3.1).
func (c *Client) Logout(ctx context.Context, s Stream, id SecurityID) error {
	return c.empty(ctx, (&call{stream: s, action: "Logout"}).with(id))
}
