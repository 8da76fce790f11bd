package paths

import "testing"

func TestFilter(t *testing.T) {
	for _, test := range []struct {
		include, exclude []string
		path             string
		want             bool
	}{
		{nil, nil, "a/b", true},
		{nil, []string{"*.log"}, "a/x.log", false},
		{nil, []string{"*.log"}, "a/x.txt", true},
		{nil, []string{"node_modules/"}, "a/node_modules/b/c", false},
		{nil, []string{"/a/b"}, "a/b/c", false},
		{nil, []string{"/a/b"}, "x/a/b/c", true},
		{nil, []string{"**/b/*.txt"}, "x/b/c.txt", false},
		{nil, []string{"a/**"}, "a/b", false},
		{[]string{"*.txt"}, nil, "a/x.txt", true},
		{[]string{"*.txt"}, nil, "a/x.log", false},
		{[]string{"docs"}, nil, "docs/a/x.log", true},
		{[]string{"a/*.txt"}, nil, "b/a/x.txt", false},
		{[]string{"docs"}, []string{"*.log"}, "docs/x.log", false},
		{[]string{"{a,b}.txt"}, nil, "b.txt", true},
	} {
		f, err := NewFilter(test.include, test.exclude)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Wanted(test.path); got != test.want {
			t.Errorf("include %q exclude %q: %q is %v", test.include, test.exclude, test.path, got)
		}
	}
	for _, bad := range []string{"", "/", "[a", "{a"} {
		if _, err := NewFilter(nil, []string{bad}); err == nil {
			t.Errorf("the pattern %q is accepted", bad)
		}
	}
}
