// Bench measures the program beside others: the engine in memory, what files are
// wrapped in, and the whole program beside ripgrep over a tree of source text,
// beside itself without extraction over a tree with nothing to open, and beside cat
// over one big file, and beside smbclient over a share of a file server,
// interleaved, as whole processes; and the program alone over an
// export of Slack.
//
// It needs rg and cat in PATH, and for the share smbd, smbclient and to be root.
// It writes its inputs below -dir, which is kept so that a second run starts at
// once. It prints figures and judges none.
//
// This package knows how to time a process. It does not know how the program
// works inside.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"mislaid/internal/extract"
)

// perFolder is how many files the share has in each folder: those of a file
// server hold more than those of source text.
const perFolder = 20

// What the measured programs exit with when all went well.
const (
	exitGaps    = 3 // mislaid: no leak, and something could not be read, such as an encrypted archive
	exitNoMatch = 1 // ripgrep
)

func main() {
	work := run
	if len(os.Args) > 2 && os.Args[1] == "-launch" {
		work = func(out io.Writer, args []string) error { return launch(out, args[1:]) }
	}
	if len(os.Args) == 2 && os.Args[1] == serveArg {
		work = func(out io.Writer, _ []string) error { return extract.Serve(os.Stdin, out) }
	}
	if err := work(os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, args []string) error {
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	dir := fs.String("dir", filepath.Join(os.TempDir(), "mislaid-bench"), "where the inputs are made and kept")
	rounds := fs.Int("rounds", 7, "timed rounds of each command, after one to warm up")
	shareRounds := fs.Int("share-rounds", 2, "timed rounds of the file server, each of some minutes")
	files := fs.Int("files", 100_000, "files in the tree")
	size := fs.Int64("size", 4<<30, "bytes in the big file")
	only := fs.String("only", "", "run one part: engine, unwrap, tree, plain, export, file or share")
	tags := fs.String("tags", "", "build tags of the measured program, such as purego")
	if err := fs.Parse(args); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s %s/%s, %d processors\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())

	if *only == "" || *only == "engine" {
		if err := engine(out); err != nil {
			return err
		}
	}
	if *only == "engine" {
		return nil
	}
	if err := os.MkdirAll(*dir, 0o700); err != nil {
		return err
	}
	if *only == "" || *only == "unwrap" {
		if err := unwrapping(out, *dir); err != nil {
			return err
		}
	}
	if *only == "unwrap" {
		return nil
	}
	bin := filepath.Join(*dir, "mislaid")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-tags", *tags, "-o", bin, "mislaid/cmd/mislaid")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as it is released
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build: %w", err)
	}
	scan := func(target string, more ...string) []string {
		return append([]string{
			bin, "scan", target, "--verify=off", "--format=json", "--output=" + filepath.Join(*dir, "report.json"),
			"--journal=" + filepath.Join(*dir, "run.journal"), "--progress=never", "--fail-on=never",
		}, more...)
	}
	fresh := func() error {
		err := os.Remove(filepath.Join(*dir, "run.journal"))
		if os.IsNotExist(err) {
			return nil
		}
		return err
	}
	if *only == "" || *only == "tree" {
		tree, err := makeTree(filepath.Join(*dir, "tree"), *files, 0)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "\ntree: %d files, %d MB of source text and what lies beside it\n", tree.files, tree.bytes>>20)
		err = compare(out, *rounds, fresh,
			command{"mislaid scan", scan(tree.path), exitGaps},
			command{"rg one prefix", []string{"rg", "-c", "-uuu", "--no-mmap", "AKIA[A-Z2-7]{16}", tree.path}, exitNoMatch})
		if err != nil {
			return err
		}
	}
	if *only == "" || *only == "share" {
		tree, err := makeTree(filepath.Join(*dir, "share"), *files, perFolder)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "\nshare: %d files, %d MB of source text in folders of %d files, on smbd\n", tree.files, tree.bytes>>20, perFolder)
		if err := (shared{*dir, *shareRounds, tree, scan, fresh}).share(out); err != nil {
			return err
		}
	}
	if *only == "" || *only == "plain" {
		plain, err := makePlain(filepath.Join(*dir, "plain"), *files)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "\ntree with nothing to open: %d files, %d MB\n", plain.files, plain.bytes>>20)
		err = compare(out, *rounds, fresh,
			command{"mislaid scan", scan(plain.path), exitGaps}, command{"mislaid scan --no-extract", scan(plain.path, "--no-extract"), exitGaps})
		if err != nil {
			return err
		}
	}
	if *only == "" || *only == "export" {
		const json = 1 << 30
		path := filepath.Join(*dir, "export.zip")
		size, err := makeExport(path, json)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "\nexport: a ZIP of %d MB of Slack's JSON\n", size>>20)
		if err := speed(out, *rounds, fresh, command{"mislaid scan", scan("slack-export:" + path), 0}, size); err != nil {
			return err
		}
	}
	if *only == "" || *only == "file" {
		big, err := makeFile(filepath.Join(*dir, "big.txt"), *size)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "\nfile: %d MB of source text\n", *size>>20)
		return compare(out, *rounds, fresh, command{"mislaid scan", scan(big), exitGaps}, command{"cat", []string{"cat", big}, 0})
	}
	return nil
}
