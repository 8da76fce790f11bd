package anchor

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const mixed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// longer is a length from which runs are long, for a length of exact runs.
func longer(run int) int {
	if run == 0 {
		return 41
	}
	return run + 1
}

// chars returns n base64 characters.
func chars(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = mixed[r.IntN(len(mixed))]
	}
	return string(b)
}

// wide writes s as UTF-16, little endian.
func wide(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteByte(s[i])
		b.WriteByte(0)
	}
	return b.String()
}

func TestCompileRefuses(t *testing.T) {
	many := make([]string, MaxLiterals+1)
	for i := range many {
		many[i] = fmt.Sprintf("word%04d", i)
	}
	for _, c := range []struct {
		name     string
		literals []string
		run      int
	}{
		{"nothing", nil, 0},
		{"short", []string{"abc"}, 0},
		{"twice", []string{"abcd", "abcd"}, 0},
		{"not ASCII", []string{"cl\u00e9s"}, 0},
		{"NUL", []string{"abc\x00"}, 0},
		{"run too short", nil, MinRun - 1},
		{"run too long", nil, MaxRun + 1},
		{"run negative", nil, -1},
		{"too many", many, 0},
	} {
		if _, err := Compile(c.literals, c.run, 0); err == nil {
			t.Errorf("%s: no error", c.name)
		}
	}
	check(t, paths(t, many[1:], 0, 0), many[1:], 0, 0, []byte(strings.Join(many, " ")))
}

func TestRuns(t *testing.T) {
	run := "aBcdEFgH01234567890+" + "/xyzabcdEFGH0123456z" // in halves: this file is scanned too
	hex := "0123456789abcdef0123456789abcdef01234567"
	for _, c := range []struct {
		name, text string
		want       []int // offsets
	}{
		{"alone", run, []int{0}},
		{"in quotes", `"` + run + `"`, []int{1}},
		{"too long", run + "a", nil},
		{"too short", run[1:], nil},
		{"padded", run + "=", nil},
		{"assigned", "x=" + run + ";", []int{2}},
		{"one behind the other", run + " " + run + "\n" + run, []int{0, 41, 82}},
		{"lower-case digest", hex, nil},
		{"upper-case digest", strings.ToUpper(hex), nil},
		{"digits only", strings.Repeat("0", 40), nil},
		{"hexadecimal of both cases", strings.Repeat("0aB1cDe2Fa", 4), []int{0}},
		{"one letter too far", strings.Repeat("0a1b2c3d4e", 3) + "0a1b2c3d4G", []int{0}},
		{"no digit", strings.Repeat("aBcDeFgHiJ", 4), []int{0}},
		{"one case", strings.Repeat("0g1h2i3j4k", 4), nil},
		{"an identifier", "GoogleCloudAiplatformPublisherModelCalls", nil},
		{"a path", "src/main/java/Com/Example/projects/utils", []int{0}},
		{"a path of one case", "src/main/java/com/example/projects/utils", nil},
	} {
		for name, s := range paths(t, nil, 40, 0) {
			hits, _ := s.NewScanner().Scan(nil, []byte(c.text))
			var got []int
			for _, h := range hits {
				got = append(got, h.Off)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s, %s: got %v, want %v", c.name, name, got, c.want)
			}
		}
	}
}

func TestWide(t *testing.T) {
	for _, order := range []string{"little", "big"} {
		for shift := range 150 {
			text := wide("id = AKIA, secretary")
			if order == "big" {
				text = "\x00" + strings.TrimSuffix(text, "\x00")
			}
			b := []byte(strings.Repeat("x", shift) + text)
			for name, s := range paths(t, []string{"AKIA", "secretary"}, 0, 0) {
				hits, _ := s.NewScanner().Scan(nil, b)
				first := shift + strings.Index(text, "A")
				want := []Hit{{Off: first, ID: 0, Wide: true}, {Off: first + 12, ID: 1, Wide: true}}
				if !slices.Equal(hits, want) {
					t.Fatalf("%s endian, shift %d, %s: got %v, want %v", order, shift, name, hits, want)
				}
			}
		}
	}
}

// TestEveryPlace puts a literal, a wide literal and runs of telling lengths at
// every offset of a few blocks.
func TestEveryPlace(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, run := range []int{MinRun, 40, MaxRun} {
		sets := paths(t, words, run, longer(run))
		plants := []string{words[0], words[5], words[12], wide(words[0]), wide(words[12])}
		for _, n := range []int{run - 1, run, run + 1, 2 * run, 3 * run} {
			plants = append(plants, chars(r, n))
		}
		for _, plant := range plants {
			for off := range 200 {
				b := bytes.Repeat([]byte{' '}, 200+len(plant))
				copy(b[off:], plant)
				check(t, sets, words, run, longer(run), b)
				check(t, sets, words, run, longer(run), b[:off+len(plant)])
				check(t, sets, words, run, longer(run), b[off:])
			}
		}
	}
}

func TestEveryLength(t *testing.T) {
	sets := paths(t, words, 40, 41)
	for n := range 401 {
		for _, fill := range []string{"A", "\n", "\x00", "\xff", " ", "ecr", "AKIA", wide("AKIA"), "abcdefghij "} {
			check(t, sets, words, 40, 41, []byte(strings.Repeat(fill, n)[:n]))
		}
	}
}

// TestRandom compares the paths on buffers made of pieces that nearly are what
// is sought.
func TestRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	alphabet := "AKISBQUtJFL0lecrtECRTbdo-apikyX-AmzSgnToken=+/ \n\x00\xc1\xcb"
	total := 0
	for _, run := range []int{0, MinRun, 40, 41, MaxRun} {
		sets := paths(t, words, run, longer(run))
		for range 3000 {
			var b []byte
			for len(b) < r.IntN(600) {
				switch r.IntN(8) {
				case 0:
					b = append(b, words[r.IntN(len(words))]...)
				case 1:
					b = append(b, wide(words[r.IntN(len(words))])...)
				case 2:
					b = append(b, chars(r, max(run, 30)-2+r.IntN(5))...)
				case 3:
					b = append(b, chars(r, r.IntN(200))...)
				case 4:
					b = append(b, strings.Repeat(string("0aAz"[r.IntN(4)]), 38+r.IntN(5))...)
				default:
					for range r.IntN(40) {
						b = append(b, alphabet[r.IntN(len(alphabet))])
					}
				}
				if r.IntN(2) == 0 {
					b = append(b, " =\n\x00"[r.IntN(4)])
				}
			}
			total += check(t, sets, words, run, longer(run), b)
		}
	}
	if total < 10_000 {
		t.Errorf("the buffers held only %d hits", total)
	}
}

// TestLong takes buffers of several kernel calls and of many reports.
func TestLong(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	sets := paths(t, words, 40, 41)
	for name, line := range map[string]func() string{
		"sparse": func() string { return strings.Repeat(" ", r.IntN(5000)) + words[r.IntN(len(words))] },
		"runs":   func() string { return chars(r, 39+r.IntN(3)) },
		"base64": func() string { return chars(r, 76) },
		"giant":  func() string { return chars(r, r.IntN(30_000)) + " " + chars(r, 40) },
		"utf16":  func() string { return wide(chars(r, 20) + words[r.IntN(len(words))]) },
		"lines":  func() string { return "\n\n\n" },
	} {
		var b []byte
		for len(b) < 600_000 {
			b = append(append(b, line()...), '\n')
		}
		if hits := check(t, sets, words, 40, 41, b); hits == 0 && name != "lines" {
			t.Errorf("%s: no hits", name)
		}
	}
}

func TestAppends(t *testing.T) {
	b := []byte("x AKIA y")
	for name, s := range paths(t, words, 40, 41) {
		kept := []Hit{{Off: 1 << 40}, {Off: 7}}
		hits, _ := s.NewScanner().Scan(slices.Clone(kept), b)
		if want := append(kept, Hit{Off: 2}); !slices.Equal(hits, want) {
			t.Errorf("%s: got %v, want %v", name, hits, want)
		}
	}
}

// TestAnySet lets rapid choose the literals too.
func TestAnySet(t *testing.T) {
	text := func(lo, hi int) *rapid.Generator[string] {
		return rapid.StringOfN(rapid.SampledFrom([]rune("ABab1-")), lo, hi, -1)
	}
	rapid.Check(t, func(rt *rapid.T) {
		literals := rapid.SliceOfNDistinct(text(MinLiteral, 7), 1, 24, rapid.ID).Draw(rt, "literals")
		run := rapid.SampledFrom([]int{0, MinRun, 40, MaxRun}).Draw(rt, "run")
		var b []byte
		for _, p := range rapid.SliceOfN(rapid.OneOf(text(0, 50), rapid.SampledFrom(literals)), 0, 12).Draw(rt, "pieces") {
			if rapid.Bool().Draw(rt, "wide") {
				p = wide(p)
			}
			b = append(b, p...)
		}
		check(t, paths(t, literals, run, longer(run)), literals, run, longer(run), b)
	})
}

func TestNothingAllocated(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	b := []byte(strings.Repeat(chars(r, 40)+" AKIA "+wide("ecret")+"\n", 1000))
	for name, s := range paths(t, words, 40, 41) {
		sc := s.NewScanner()
		dst, _ := sc.Scan(nil, b)
		if n := testing.AllocsPerRun(10, func() { dst, _ = sc.Scan(dst[:0], b) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
		if len(dst) == 0 {
			t.Errorf("%s: no hits", name)
		}
	}
}

func FuzzScan(f *testing.F) {
	r := rand.New(rand.NewPCG(9, 10))
	f.Add([]byte(nil), uint8(0))
	f.Add([]byte("x AKIA "+chars(r, 40)+" "), uint8(40))
	f.Add([]byte(chars(r, 40)+"="), uint8(40))
	f.Add([]byte(strings.Repeat(chars(r, 76)+"\n", 9)), uint8(40))
	f.Add([]byte("\xff\xfe"+wide("aws_secret: ECRET")), uint8(0))
	f.Add([]byte(strings.Repeat("ecr", 99)), uint8(MaxRun))
	f.Add([]byte(strings.Repeat("QUtJQ\n", 99)+wide("ABSK")), uint8(MinRun))
	byRun := []map[string]*Set{paths(f, words, 0, longer(0))}
	for run := MinRun; run <= MaxRun; run++ {
		byRun = append(byRun, paths(f, words, run, longer(run)))
	}
	f.Fuzz(func(t *testing.T, b []byte, n uint8) {
		i := max(0, int(n)-MinRun+1) % len(byRun) // 0, MinRun, …, MaxRun
		run := 0
		if i > 0 {
			run = MinRun + i - 1
		}
		check(t, byRun[i], words, run, longer(run), b)
	})
}
