using System;
using System.Runtime.InteropServices;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Evaluation;

// What is looked at again after a batch has been copied: pages that went meanwhile read as something else.
internal sealed unsafe partial class BatchReader
{
    // A page that left between the scan and the copy reads as zeroes: the copy itself has mapped the zero frame there.
    // So every page of zeroes is looked at again, stretch by stretch.
    private void CheckZeroPages()
    {
        _zero.Sort(); // Shared and exclusive pages were read in separate groups.
        ReadOnlySpan<int> pages = CollectionsMarshal.AsSpan(_zero);
        while (!pages.IsEmpty && _process.Status == ReadStatus.Read)
        {
            int length = ContiguousLength(pages);
            length = Math.Min(length, PagesPerCopy);
            ulong start = _addresses[pages[0]];
            ReadEntriesAgain(start, length);
            ZeroPageVisitor visitor = new(this, pages[..length]);
            _ = _scan.Visit(_process.Pagemap!, start, start + (ulong)(length * _pageSize), ref visitor);
            visitor.Complete();
            pages = pages[length..];
        }

        _zero.Clear();
    }

    // The reader itself may have brought the page back: a kernel that gives untouched memory a page of its own when it is
    // read shows one there now, on another frame.
    private void ConfirmZeroPage(int page, bool isHuge, int place)
    {
        PagemapEntry entry = new(_entries[page]);
        if (entry.Frame != 0 && new PagemapEntry(_entriesAgain[place]).Frame != entry.Frame)
        {
            CountLeft(page);
            return;
        }

        // smaps does not count the zero frame: a VMA that is anonymous from end to end has none.
        Vma vma = _context.Vma(_vmas[page]).Vma;
        if (!_scan.LeavesOutZeroFrames
            && vma.AnonymousBytes < vma.Length
            && (entry.Frame != 0 ? _context.FrameFlags.IsZeroFrame(entry.Frame) : !entry.IsExclusive))
        {
            // Not a page that left, but one that never was there: it maps the zero frame, so ksmd passes it by.
            _table[_firstOrdinal + page] = default;
            return;
        }

        Write(page, _context.ZeroChecksum, isHuge || _context.FrameFlags.IsHuge(entry.Frame));
    }

    // Walks the pages of one stretch beside what the second scan finds there.
    private ref struct ZeroPageVisitor : PagemapScan.IRunVisitor
    {
        private readonly BatchReader _reader;
        private readonly int _total;
        private ReadOnlySpan<int> _pages;

        internal ZeroPageVisitor(BatchReader reader, ReadOnlySpan<int> pages)
        {
            _reader = reader;
            _pages = pages;
            _total = pages.Length;
        }

        public void Found(ulong start, long pageCount, bool isHuge)
        {
            while (!_pages.IsEmpty && _reader._addresses[_pages[0]] < start)
            {
                Drop();
            }

            for (; pageCount > 0 && !_pages.IsEmpty; pageCount--)
            {
                _reader.ConfirmZeroPage(_pages[0], isHuge, _total - _pages.Length);
                _pages = _pages[1..];
            }
        }

        internal void Complete()
        {
            while (!_pages.IsEmpty)
            {
                Drop();
            }
        }

        private void Drop()
        {
            _reader.CountLeft(_pages[0]);
            _pages = _pages[1..];
        }
    }

    private void ReadEntriesAgain(ulong start, int count)
    {
        Array.Clear(_entriesAgain, 0, count);
        long offset = (long)(start / (ulong)_pageSize * sizeof(ulong));
        fixed (ulong* entries = _entriesAgain)
        {
            _ = ProcFile.ReadAt(_process.Pagemap!, entries, (nuint)count * sizeof(ulong), offset);
        }
    }

    // A written page of a private file mapping that went reads as the file's own page.
    private void CheckFilePages(PageBatch batch)
    {
        int first = 0;
        foreach (PageRun run in batch.Runs)
        {
            int length = _context.Vma(run.Vma).Vma.IsOfFile ? run.PageCount : 0;
            for (int done = 0, part; done < length && _process.Status == ReadStatus.Read; done += part)
            {
                part = Math.Min(length - done, PagesPerCopy);
                ReadEntriesAgain(run.Start + ((ulong)done * (ulong)_pageSize), part);
                for (int i = 0; i < part; i++)
                {
                    int page = first + done + i;
                    if (_table[_firstOrdinal + page].IsRead && !new PagemapEntry(_entriesAgain[i]).IsPresentAnonymous)
                    {
                        CountLeft(page);
                    }
                }
            }

            first += run.PageCount;
        }
    }
}
