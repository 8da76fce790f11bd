package main

import (
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// Stderr is for people: the banner, one line per grave leak, progress, logs and
// errors. Stdout is for the report alone.

// consoleFlags say what is shown on stderr, and how.
type consoleFlags struct {
	progress choice
	color    choice
	debug    bool
}

func (f *consoleFlags) define(cmd *cobra.Command) {
	choiceVar(cmd, &f.progress, "progress", "show progress: a status line on a terminal and a log line every 30 s elsewhere (auto), the status line anywhere, or nothing", "auto", "always", "never")
	f.defineColor(cmd)
	cmd.Flags().BoolVar(&f.debug, "debug", false, "log every item to stderr; a secret is in no log")
}

func (f *consoleFlags) defineColor(cmd *cobra.Command) {
	choiceVar(cmd, &f.color, "color", "colour the text", "auto", "always", "never")
}

// colored decides whether text on w is coloured.
func (f *consoleFlags) colored(env environment, w io.Writer) bool {
	switch {
	case f.color.value == "always":
		return true
	case f.color.value == "never", env["NO_COLOR"] != "":
		return false
	case env["CLICOLOR_FORCE"] != "" && env["CLICOLOR_FORCE"] != "0":
		return true
	case env["TERM"] == "dumb":
		return false
	}
	return columns(w) > 0
}

// columns returns the width of the terminal behind w; 0: it is none.
func columns(w any) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	switch {
	case err != nil:
		return 0
	case width <= 0: // a terminal that does not tell
		return 80
	}
	return max(width, 20)
}

// console writes to stderr: whole lines, and below them one status line that is
// drawn over. Safe for concurrent use.
type console struct {
	mu     sync.Mutex
	w      io.Writer
	status string
}

// Write implements io.Writer. p must be whole lines.
func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.draw("")
	return c.w.Write(p)
}

// setStatus draws the status line anew; "" removes it.
func (c *console) setStatus(line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.draw(line)
}

// draw overwrites with spaces rather than with an escape sequence, which not
// every terminal knows.
func (c *console) draw(line string) {
	if line == c.status {
		return
	}
	out := "\r" + line + strings.Repeat(" ", max(0, len([]rune(c.status))-len([]rune(line))))
	if line == "" {
		out += "\r"
	}
	c.status = line
	_, _ = io.WriteString(c.w, out) // a terminal that is gone needs no status
}

// logger returns a logger of text lines on the console.
func (c *console) logger(debug bool) *slog.Logger {
	level := slog.LevelInfo
	if debug {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(c, &slog.HandlerOptions{Level: level}))
}
