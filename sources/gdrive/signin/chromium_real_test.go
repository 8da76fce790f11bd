//go:build real

package signin_test

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mislaid/sources/gdrive/signin"
)

// TestChromium signs in with a real browser: it says yes, it says no, and it
// says nothing.
func TestChromium(t *testing.T) {
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is missing: run make deps")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()))
	alloc, stop := chromedp.NewExecAllocator(t.Context(), opts...)
	defer stop()
	browser, done := chromedp.NewContext(alloc)
	defer done()
	visit := func(t *testing.T, address, click string) string {
		tab, closeTab := chromedp.NewContext(browser)
		defer closeTab()
		tab, cancel := context.WithTimeout(tab, 30*time.Second)
		defer cancel()
		if err := chromedp.Do(tab, chromedp.Navigate(address)); err != nil {
			t.Errorf("navigate: %v", err)
			return ""
		}
		if click == "" {
			return ""
		}
		if err := chromedp.Do(tab, chromedp.Click("#"+click)); err != nil {
			t.Errorf("click: %v", err)
			return ""
		}
		text, err := chromedp.Run(tab, chromedp.Text("#done"))
		if err != nil {
			t.Errorf("the last page: %v", err)
		}
		return text
	}
	for _, c := range []struct {
		click, page string
		wait        time.Duration
		check       func(refresh string, err error) bool
	}{
		{"allow", "may read your Drive now", time.Minute, func(refresh string, err error) bool { return refresh != "" && err == nil }},
		{"deny", "may not read your Drive", time.Minute, func(_ string, err error) bool { return errors.Is(err, signin.ErrDenied) }},
		{"", "", 5 * time.Second, func(_ string, err error) bool { return err != nil && strings.Contains(err.Error(), "nobody answered") }},
	} {
		_, client := authority(t)
		pages := make(chan string, 1)
		refresh, err := client.Ask(t.Context(), c.wait, func(address string) { go func() { pages <- visit(t, address, c.click) }() })
		if !c.check(refresh, err) {
			t.Errorf("%q: %v", c.click, err)
		}
		if page := <-pages; !strings.Contains(page, c.page) {
			t.Errorf("%q: the browser shows %q", c.click, page)
		}
	}
}
