package command

import (
	"runtime"

	"github.com/spf13/cobra"
)

// versionJSON is `version -json`.
type versionJSON struct {
	Version  string `json:"dropform_version"`
	Platform string `json:"platform"`
}

func (s *session) versionCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "version [options]", Short: "Print the version", Args: exactly(0, 0, "no arguments"),
		Example: "dropform version\ndropform version -json",
		RunE: func(*cobra.Command, []string) error {
			platform := runtime.GOOS + "_" + runtime.GOARCH
			if asJSON {
				return s.printJSON(versionJSON{s.Version, platform})
			}
			s.outScreen().printf("dropform v%s\non %s\n", s.Version, platform)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
