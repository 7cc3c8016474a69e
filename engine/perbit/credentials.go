package perbit

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/text/encoding/charmap"
)

// credentials guards the account against lockout. A password that was rejected is never sent again, and of several
// calls that carry an untried password only one is under way. Both streams share it: it is one account.
//
// What decides is kept as salted hashes only. The password that was sent last, and its header, are kept in memory to be
// taken out of whatever the server writes later.
type credentials struct {
	options Options
	salt    []byte
	trial   chan struct{} // holds a token while an untried password, or a login, is under way

	mu       sync.Mutex
	proven   string // hash of the last password that was accepted
	rejected string // hash of the last password that was rejected
	why      *Error
	current  string // Basic of the last login
	sent     []string
}

// pass is the permission to send one call.
type pass struct {
	basic  string               // empty: no Basic on this call
	result func(outcome *Error) // to be told once how it ended
}

func newCredentials(o Options) *credentials {
	salt := make([]byte, 32)
	_, _ = rand.Read(salt) // never fails, see crypto/rand
	return &credentials{options: o, salt: salt, trial: make(chan struct{}, 1)}
}

// pass prepares Basic for a call that carries it (perbit 2.1, 3.1). A password known to be wrong ends the call here.
func (k *credentials) pass(ctx context.Context, call *call) (pass, *Error) {
	if !call.login && !k.options.BasicEveryCall {
		return pass{result: func(*Error) {}}, nil
	}
	if basic := k.lastLogin(); !call.login && basic != "" {
		call.secrets = append(call.secrets, basic)
		return pass{basic, func(e *Error) { k.book(e, "", basic) }}, nil
	}
	hash, basic, err := k.ask(ctx, call)
	if err != nil {
		return pass{}, err
	}
	if call.action != "Login" && k.isProven(hash) {
		return pass{basic, func(e *Error) { k.book(e, hash, basic) }}, nil
	}
	select {
	case k.trial <- struct{}{}:
	case <-ctx.Done():
		return pass{}, call.local(ClassCanceled, ctx.Err(), "")
	}
	// Whoever held the token before may have learnt that the password is wrong.
	if err := k.refuse(call, hash); err != nil {
		<-k.trial
		return pass{}, err
	}
	return pass{basic, func(e *Error) {
		k.book(e, hash, basic)
		<-k.trial
	}}, nil
}

// ask gets the password of this moment and encodes it.
func (k *credentials) ask(ctx context.Context, call *call) (hash, basic string, fail *Error) {
	password, err := k.options.Password(ctx)
	switch {
	case ctx.Err() != nil:
		return "", "", call.local(ClassCanceled, ctx.Err(), "")
	case err != nil:
		return "", "", call.local(ClassConfig, fmt.Errorf("the password cannot be read: %w", err), "check password of the connection")
	case password == "":
		return "", "", call.local(ClassConfig, errors.New("the password is empty"), "check password of the connection")
	}
	sum := hmac.New(sha256.New, k.salt)
	sum.Write([]byte(password))
	hash = string(sum.Sum(nil))
	if err := k.refuse(call, hash); err != nil {
		return "", "", err
	}
	raw := k.options.Username + ":" + password
	if k.options.CredentialCharset == "windows-1252" {
		if raw, err = charmap.Windows1252.NewEncoder().String(raw); err != nil {
			return "", "", call.local(ClassConfig, errors.New("user name or password holds a character that windows-1252 lacks"),
				"set credential_charset = \"utf-8\"")
		}
	}
	basic = base64.StdEncoding.EncodeToString([]byte(raw))
	call.secrets = append(call.secrets, basic, password)
	k.mu.Lock()
	k.sent = []string{basic, password}
	k.mu.Unlock()
	return hash, basic, nil
}

// refuse is the first rejection again, for a password that has had it.
func (k *credentials) refuse(call *call, hash string) *Error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.why == nil || hash != k.rejected {
		return nil
	}
	e := *k.why
	e.Action, e.Certainty, e.start = call.action, NotSent, call.start
	e.Err = errors.New("not asked again with the same password")
	return &e
}

func (k *credentials) isProven(hash string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.proven == hash
}

// secrets is what a server that was given the last password may write.
func (k *credentials) secrets() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.sent
}

func (k *credentials) lastLogin() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.current
}

// book draws the conclusion from a call that carried basic. An empty hash stands for the password of the last login.
func (k *credentials) book(e *Error, hash, basic string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if hash == "" {
		if k.current != basic {
			return // another login has replaced it meanwhile
		}
		hash = k.proven
	}
	switch {
	case e == nil:
		k.proven, k.rejected, k.why = hash, "", nil
		if k.options.BasicEveryCall {
			k.current = basic
		}
	case e.Class == ClassAuth, e.hidesLogin():
		k.rejected, k.why = hash, e
		k.proven, k.current = "", ""
	}
}
