package command

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"dropform/engine/sandbox"
)

func (s *session) initCommand() *cobra.Command {
	var script string
	cmd := &cobra.Command{
		Use: "init [options]", Short: "Write a starter configuration", Args: exactly(0, 0, "no arguments"),
		Long:    "Writes main.hcl and .gitignore where they are missing. Nothing that exists is changed, so it is safe to repeat.",
		Example: "dropform init\ndropform -chdir=payroll init\ndropform init -from-script=import.ps1",
		RunE: func(*cobra.Command, []string) error {
			if script != "" {
				return s.fromScript(script)
			}
			return s.initialise()
		},
	}
	cmd.Flags().StringVar(&script, "from-script", "", "write what the vendor's PowerShell script `FILE` does, as FILE's name.hcl")
	return cmd
}

func (s *session) initialise() error {
	out := s.outScreen()
	config, _, err := s.Sources(s.Dir)
	if err != nil {
		return fmt.Errorf("look for a configuration: %w", err)
	}
	if len(config) > 0 {
		out.printf("There is a configuration already (%s); it stays as it is.\n", config[0])
	} else {
		if _, err := writeIfAbsent(s.FS, filepath.Join(s.Dir, "main.hcl"), starter); err != nil {
			return fmt.Errorf("write main.hcl: %w", err)
		}
		out.printf("Wrote main.hcl: one connection, one drop folder, one export.\n")
	}
	wrote, err := writeIfAbsent(s.FS, filepath.Join(s.Dir, ".gitignore"), gitignore)
	if err != nil {
		return fmt.Errorf("write .gitignore: %w", err)
	}
	if wrote {
		out.printf("Wrote .gitignore: what dropform remembers stays out of version control.\n")
	}
	if len(config) == 0 {
		out.printf("%s", s.forShell(starterNext))
	} else {
		out.printf("%s", s.forShell("\nNext: @DROPFORM@ plan\n"))
	}
	return nil
}

const gitignore = `# what dropform remembers: local to one machine
.dropform/
# values that may be secret
*.auto.vars.hcl
secrets/
`

const starterNext = `
Next:
  @DROPFORM@ sandbox     in a second terminal: a server to try it against
  @DROPFORM@ plan        what would be done (set PERBIT_PASSWORD first, the sandbox prints it)
  @DROPFORM@ apply       do it, after asking

main.hcl says what to change for your own server.
`

// The starter runs as it is against dropform sandbox.
const starter = `# dropform: declare drop folders and exports; "dropform plan" shows what would be done.

variable "url" {
  type        = string
  description = "Your server, for example https://de.perbit.cloud/webApi"
  default     = "http://127.0.0.1:8088/webApi" # dropform sandbox
}

variable "customer_id" {
  type        = string
  description = "Your customer id, a GUID"
  default     = "` + sandbox.DemoCustomerID + `" # dropform sandbox
}

connection "perbit" "hr" {
  url         = var.url
  customer_id = var.customer_id
  username    = "` + sandbox.DemoUser + `"
  password    = secret("env:PERBIT_PASSWORD")
}

# Every CSV file that is dropped into staff/in is uploaded once.
import "staff" {
  connection = connection.perbit.hr
  folder     = "staff/in"
  object     = "Mitarbeiter"
  method     = "Import Mitarbeiterstammdaten Standard"

  archive {
    folder        = "staff/done"
    failed_folder = "staff/failed"
  }
}

# Everybody who joined since the first of last month, every working day at half past five.
export "payroll" {
  connection = connection.perbit.hr
  object     = "Mitarbeiter"
  method     = "Datenexport Lohn"

  variables = {
    FirmenNr       = "04"
    Eintrittsdatum = formatdate("DD.MM.YYYY", month_start(run.time, -1))
  }

  schedule {
    cron = "30 5 * * MON-FRI"
  }

  target {
    path = "payroll/lohn_${formatdate("YYYYMM", run.time)}.csv"
  }
}
`
