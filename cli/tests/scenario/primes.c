/* A boot program in C, as Debian's bcc takes it: a sieve, long arithmetic of bcc's library, and a key. */

static char composite[1000];

put(c)
int c;
{
#asm
  mov bx,sp
  mov ax,[bx+2]
  push bp
  mov ah,#0x0e
  mov bx,#7
  int 0x10
  pop bp
#endasm
}

key()
{
#asm
  xor ax,ax
  int 0x16
  xor ah,ah
#endasm
}

print(s)
char *s;
{
  while (*s)
    put(*s++);
}

number(n)
long n;
{
  if (n > 9)
    number(n / 10);
  put((int) ('0' + n % 10));
}

main()
{
  unsigned i, j, count = 0;
  long sum = 0;

  for (i = 2; i < sizeof composite; i++)
    if (!composite[i]) {
      count++;
      sum += i;
      for (j = i + i; j < sizeof composite; j += i)
        composite[j] = 1;
    }
  print("primes below 1000: ");
  number((long) count);
  print("\r\ntheir sum: ");
  number(sum);
  print("\r\na key? ");
  put(key());
#asm
  cli
stop:
  hlt
  jmp stop
#endasm
}
