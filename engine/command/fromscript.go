package command

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/afero"

	"dropform/engine"
	"dropform/engine/diag"
)

// maxScript bounds what is read as a script, in bytes.
const maxScript = 1 << 20

// vendorURL is what connection.perbit uses without url.
const vendorURL = "https://de.perbit.cloud/webApi"

var guidText = regexp.MustCompile(`^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// fromScript writes the configuration that does what one of the vendor's scripts does. It overwrites nothing, and copies
// no password.
func (s *session) fromScript(name string) error {
	f, err := s.FS.Open(s.absolute(name))
	if err != nil {
		return fmt.Errorf("read the script: %w", err)
	}
	raw, err := afero.ReadAll(limited(f, maxScript))
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("read the script: %w", err)
	}
	t := translation{script: readScript(scriptText(raw)), names: map[string]bool{}}
	if cfg, _ := s.read(nil); cfg != nil { // a configuration that is there gets company
		t.join(cfg)
	}
	if err := t.check(name); err != nil {
		return err
	}
	stem := strings.TrimSuffix(filepath.Base(name), filepath.Ext(name))
	file := slug(stem, "script") + ".hcl"
	text, diags := s.Format(file, []byte(t.hcl(filepath.Base(name))))
	if diags.HasErrors() {
		return diagnosed{diags}
	}
	wrote, err := writeIfAbsent(s.FS, filepath.Join(s.Dir, file), string(text))
	if err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	if !wrote {
		return diag.Diagnostic{Code: "file_exists", Summary: file + " exists already", Detail: "Nothing was changed. Move it away, or work in another directory with -chdir."}
	}
	if _, err := writeIfAbsent(s.FS, filepath.Join(s.Dir, ".gitignore"), gitignore); err != nil {
		return fmt.Errorf("write .gitignore: %w", err)
	}
	s.tellTranslation(file, &t)
	return nil
}

func (s *session) tellTranslation(file string, t *translation) {
	out := s.outScreen()
	out.printf("Wrote %s.\n", file)
	if remarks := t.allRemarks(); len(remarks) > 0 {
		out.printf("\nTo look at, because it is not the same or could not be translated:\n")
		for _, r := range remarks {
			out.printf("  - %s\n", strings.ReplaceAll(wrap(r, 74), "\n", "\n    "))
		}
	}
	out.printf("%s", s.forShell("\nNext: set "+strings.Join(t.secrets, " and ")+", then @DROPFORM@ plan\nHow to change over without importing twice: @DROPFORM@ docs migration\n"))
}

// translation is one script on its way into a configuration.
type translation struct {
	*script
	names       map[string]bool // addresses that are taken
	connections []*engine.Connection
	url         string
	secrets     []string // names of the environment variables that hold passwords
}

// join notes what a configuration has already.
func (t *translation) join(cfg *engine.Config) {
	t.connections = cfg.Connections
	for _, c := range cfg.Connections {
		t.names[c.Address.Base().String()] = true
	}
	for _, b := range cfg.Imports {
		t.names[b.Address.Base().String()] = true
	}
	for _, b := range cfg.Exports {
		t.names[b.Address.Base().String()] = true
	}
}

// has reports whether the script sets anything of one direction, "import" or "export".
func (t *translation) has(direction string) bool {
	for _, what := range []string{"file", "object", "method"} {
		if _, ok := t.values[direction+what]; ok {
			return true
		}
	}
	return false
}

// check collects everything that keeps the script from being translated.
func (t *translation) check(name string) error {
	var wrong []string
	need := func(variable string) {
		switch v, ok := t.values[variable]; {
		case !ok:
			wrong = append(wrong, fmt.Sprintf("$%s is not set.", scriptSpelling(variable)))
		case !v.plain:
			wrong = append(wrong, fmt.Sprintf("Line %d: $%s is not a plain quoted text.", v.line, scriptSpelling(variable)))
		case v.text == "":
			wrong = append(wrong, fmt.Sprintf("Line %d: $%s is empty.", v.line, scriptSpelling(variable)))
		}
	}
	if !t.has("import") && !t.has("export") {
		return diag.Diagnostic{
			Code: "invalid_script", Summary: name + " is not one of the vendor's scripts",
			Detail: "It sets neither $importFile, $importObject and $importMethod nor $exportFile, $exportObject and $exportMethod. Nothing was written.",
		}
	}
	need("customerid")
	for _, direction := range []string{"import", "export"} {
		if t.has(direction) {
			for _, what := range []string{"file", "object", "method", "username"} {
				need(direction + what)
			}
		}
	}
	switch id := t.values["customerid"]; {
	case id.text == "":
	case strings.Trim(id.text, "0-{}") == "":
		wrong = append(wrong, fmt.Sprintf("Line %d: $customerID is the nil GUID of the vendor's sample. Put in your own customer id, which perbit gave you.", id.line))
	case !guidText.MatchString(strings.Trim(id.text, "{}")):
		wrong = append(wrong, fmt.Sprintf("Line %d: $customerID is no GUID of 32 hexadecimal digits with four hyphens.", id.line))
	}
	if len(wrong) > 0 {
		return diag.Diagnostic{Code: "invalid_script", Summary: name + " cannot be translated", Detail: strings.Join(append(wrong, "Nothing was written."), "\n")}
	}
	t.url = vendorURL
	if len(t.urls) > 0 {
		t.url = streamURL.FindStringSubmatch(t.urls[0])[1]
	}
	return nil
}

// scriptSpelling is a variable as the vendor writes it.
func scriptSpelling(variable string) string {
	for _, direction := range []string{"import", "export"} {
		if rest, ok := strings.CutPrefix(variable, direction); ok {
			return direction + map[string]string{
				"file": "File", "object": "Object", "method": "Method", "username": "UserName", "userpassword": "UserPassword",
			}[rest]
		}
	}
	return "customerID"
}

// hcl is the configuration, not yet in canonical form.
func (t *translation) hcl(source string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Translated from %s.\n", printable(strings.ReplaceAll(source, "\n", " ")))
	for _, direction := range []string{"import", "export"} {
		if !t.has(direction) {
			continue
		}
		connection := t.connect(&b, direction)
		name := t.free(direction+".", slug(t.stem(direction), direction))
		fmt.Fprintf(&b, "\n%s %q {\nconnection = %s\n", direction, name, connection)
		file := strings.ReplaceAll(t.values[direction+"file"].text, `\`, "/")
		if direction == "import" {
			fmt.Fprintf(&b, "folder = %s\nmatch = [%s]\n", quoted(folderOf(file)), quoted(globbed(path.Base(file))))
		}
		fmt.Fprintf(&b, "object = %s\nmethod = %s\n", quoted(t.values[direction+"object"].text), quoted(t.values[direction+"method"].text))
		if direction == "export" {
			fmt.Fprintf(&b, "\ntarget {\npath = %s\n}\n", quoted(file))
		}
		b.WriteString("}\n")
	}
	return b.String()
}

// folderOf is the part of a path before the name. Both slashes at the beginning of a network share stay.
func folderOf(file string) string {
	switch i := strings.LastIndexByte(file, '/'); {
	case i < 0:
		return "."
	case i == 0 || file[i-1] == ':':
		return file[:i+1]
	default:
		return file[:i]
	}
}

// connect writes a connection for one direction's user, unless there is one, and gives its address.
func (t *translation) connect(b *strings.Builder, direction string) string {
	user, id := t.values[direction+"username"].text, strings.Trim(t.values["customerid"].text, "{}")
	for _, c := range t.connections {
		if c.Address.Kind == engine.KindConnectionPerbit && !c.Address.Keyed && c.Username == user && strings.EqualFold(c.CustomerID, id) && c.URL == t.url {
			return c.Address.String()
		}
	}
	name := t.free("connection.perbit.", slug(user, "perbit"))
	secret := "PERBIT_PASSWORD"
	if len(t.connections) > 0 { // another user has another password
		secret += "_" + strings.ToUpper(name)
	}
	t.secrets = append(t.secrets, secret)
	fmt.Fprintf(b, "\nconnection \"perbit\" %q {\n", name)
	if t.url != vendorURL {
		fmt.Fprintf(b, "url = %s\n", quoted(t.url))
	}
	fmt.Fprintf(b, "customer_id = %s\nusername = %s\npassword = secret(%q)\n}\n", quoted(id), quoted(user), "env:"+secret)
	c := &engine.Connection{URL: t.url, Username: user, CustomerID: id}
	c.Address = engine.Address{Kind: engine.KindConnectionPerbit, Name: name}
	t.connections = append(t.connections, c)
	return c.Address.String()
}

// free makes a name that no block has yet.
func (t *translation) free(prefix, name string) string {
	unique := name
	for n := 2; t.names[prefix+unique]; n++ {
		unique = fmt.Sprintf("%s_%d", name, n)
	}
	t.names[prefix+unique] = true
	return unique
}

func (t *translation) stem(direction string) string {
	base := path.Base(strings.ReplaceAll(t.values[direction+"file"].text, `\`, "/"))
	return strings.TrimSuffix(base, path.Ext(base))
}

// allRemarks is what could not be translated, and what dropform does otherwise than the script did.
func (t *translation) allRemarks() []string {
	var out []string
	for _, r := range t.remarks {
		out = append(out, fmt.Sprintf("line %d: %s", r.line, r.text))
	}
	for _, direction := range []string{"import", "export"} {
		if !t.has(direction) {
			continue
		}
		if _, ok := t.values[direction+"userpassword"]; ok {
			out = append(out, "The password was not copied. Delete it from the script once that is no longer used.")
		}
		if direction == "import" {
			out = append(out, "The script sent its file at each run. dropform sends it when it is dropped or its content has changed, and never twice.")
		} else {
			out = append(out, "The script ran when it was called. The export has no schedule yet and runs once; add schedule { cron = \"...\" } for more.")
		}
	}
	return out
}

// quoted is a text as an HCL literal.
func quoted(text string) string {
	text = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "${", "$${", "%{", "%%{").Replace(text)
	return `"` + text + `"`
}

// globbed is a glob that fits one name only.
func globbed(name string) string {
	return strings.NewReplacer(`[`, `\[`, `]`, `\]`, `{`, `\{`, `}`, `\}`, `*`, `\*`, `?`, `\?`).Replace(name)
}

// slug makes an identifier of a name; otherwise stands where nothing is left of it.
func slug(name, otherwise string) string {
	name = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss").Replace(strings.ToLower(name))
	var b strings.Builder
	for _, r := range name {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9' && b.Len() > 0:
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "_"):
			b.WriteByte('_')
		}
	}
	if out := strings.Trim(b.String(), "_"); out != "" {
		return out
	}
	return otherwise
}
