package command

import (
	"regexp"
	"strings"
	"testing"
)

var (
	guideCommand = regexp.MustCompile("(?m)(?:^ *|`)dropform ([^`\n]+)|-Argument '([^']+)'|`(apply [^`\n]+)`")
	guideWord    = regexp.MustCompile(`"[^"]*"|[^\s"]+`)
)

// TestMigrationGuideCommands: the guide's commands and options exist, and it names each variable of the vendor's scripts.
func TestMigrationGuideCommands(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range guideCommand.FindAllStringSubmatch(migrationGuide, -1) {
		line := m[1] + m[2] + m[3]
		words := guideWord.FindAllString(line, -1)
		for i := range words {
			words[i] = strings.Trim(words[i], `"`)
		}
		root := docsSession(nil).root()
		cmd, rest, err := root.Find(doubleDashes(words))
		if err != nil || cmd == root {
			t.Errorf("dropform %s: no such command: %v", line, err)
			continue
		}
		if err := cmd.ParseFlags(rest); err != nil {
			t.Errorf("dropform %s: %v", line, err)
		} else if args := cmd.Flags().Args(); cmd.Args != nil && len(args) > 0 && cmd.Args(cmd, args) != nil {
			t.Errorf("dropform %s: %v", line, cmd.Args(cmd, args))
		}
		seen[cmd.Name()] = true
	}
	for _, name := range []string{"init", "validate", "check", "infer", "plan", "adopt", "apply", "watch", "status", "history", "resolve", "sandbox"} {
		if !seen[name] {
			t.Errorf("no %s was found in the guide", name)
		}
	}
	for _, variable := range scriptSettings {
		if !strings.Contains(migrationGuide, "`$"+scriptSpelling(variable)+"`") {
			t.Errorf("$%s is not explained", scriptSpelling(variable))
		}
	}
}
